# Words about cases that every screen uses, and the mails to reporters.

case-kind-complaint = Complaint
case-kind-supervisory-complaint = Supervisory complaint
case-kind-information-request = Information request
case-kind-aspiration = Proposal
case-kind-appreciation = Appreciation
case-kind-service-request = Service request

case-channel-web = Web form
case-channel-email = E-mail
case-channel-phone = Phone
case-channel-counter = Counter
case-channel-letter = Letter
case-channel-api = Another application
case-channel-sms = SMS
case-channel-whatsapp = WhatsApp
case-channel-chat = Web chat
case-channel-social = Social media

case-action-verify = Verify
case-action-ask = Ask for completion
case-action-complete = Record completion
case-action-forward = Forward to a unit
case-action-accept = Accept
case-action-return = Return
case-action-progress = Report progress
case-action-answer = Send the answer
case-action-confirm = Record as solved
case-action-reopen = Reopen
case-action-object = Record an objection
case-action-refer = Refer to another authority
case-action-duplicate = Mark as duplicate
case-action-archive = Archive
case-action-withdraw = Record withdrawal
case-action-assign = Assign
case-action-reclassify = Change kind or category
case-action-conceal = Conceal
case-action-concern = Note whom it is about
case-action-extend = Extend a deadline
case-action-settle = No reply needed
case-action-escalate = Escalate

# What happened; who did it stands in front.
case-event-received = sent the report
case-event-verified = verified the report
case-event-completion-asked = asked the reporter for completion
case-event-completed = completed the report
case-event-forwarded = forwarded the report to { $unit }
case-event-accepted = accepted the follow-up
case-event-returned = returned the report to the desk
case-event-progressed = reported progress
case-event-answered = answered the report
case-event-confirmed = confirmed that it is solved
case-event-closed = closed the report, since there was no further response
case-event-lapsed = took the report as withdrawn, since it was not completed
case-event-withdrawn = withdrew the report
case-event-reopened = reopened the report
case-event-objected = objected to the superior
case-event-rated = gave { $rating } out of 5
case-event-referred = referred the report to another body
case-event-marked-duplicate = marked the report as the same as { $of }
case-event-archived = archived the report
case-event-assigned = assigned the report to { $owner }
case-event-unassigned = released the report
case-event-reclassified = changed kind or category
case-event-concealed = made the report more secret
case-event-concerned = noted whom the report is about
case-event-extended = extended a deadline
case-event-settled = marked the reporter’s message as needing no reply
case-event-escalated = escalated the report
case-event-citizen-wrote = wrote a message
case-event-written-to-citizen = wrote to the reporter
case-event-noted = wrote an internal note
case-event-identity-seen = looked at the reporter's identity
case-event-deadline-warned = reminds: { $percent }% of the time is used ({ $deadline })
case-event-deadline-overdue = noted a passed deadline ({ $deadline })
case-event-deadline-moved = counted a deadline again ({ $deadline }): { $old } becomes { $new }
case-event-follow-up-moved = counted the time agreed with { $unit } anew: { $old } became { $new }
case-event-talk-joined = linked a conversation to the case
case-event-other = changed the report

case-actor-citizen = The reporter
case-actor-system = Tanggap
case-actor-token = Another application
case-actor-staff = An officer

case-clock-running = Running
case-clock-paused = Paused
case-clock-met = Met
case-clock-late = Late
case-clock-cancelled = No longer applies
case-clock-passed = Time is over
case-clock-ended = { $state } { $at } (due { $due })

case-follow-up-pending = Waiting to be accepted
case-follow-up-accepted = Being worked on
case-follow-up-returned = Returned
case-follow-up-done = Answered
case-follow-up-cancelled = Moved elsewhere

case-owner-agency = The agency
case-owner-citizen = The reporter

case-limit-working-day = { $n } { $n ->
        [one] working day
       *[other] working days
    }
case-limit-calendar-day = { $n } { $n ->
        [one] calendar day
       *[other] calendar days
    }
case-limit-hour = { $n } { $n ->
        [one] hour
       *[other] hours
    }

case-day-working-day = Working day
case-day-weekend = Weekend
case-day-national-holiday = National holiday
case-day-joint-leave = Joint leave
case-day-regional-holiday = Regional holiday
case-day-extra-working-day = Make-up working day
case-day-paused = Clock stopped, waiting for the reporter

case-anonymous = Anonymous
    .hint = The reporter's identity is hidden from the public and the reported party.
case-confidential = Confidential
    .hint = The content is not made public.
case-unit-desk = The desk

case-illegal-move = This step is not possible in the report's present state.
case-illegal-reported-unit = A report cannot be given to the party it is about (Law 25/2009 article 45). Forward it to their superior.
case-illegal-too-late = The time for reopening this report is over. You can send a new report.
case-illegal-extension = This deadline cannot be extended, or was extended before.
case-illegal-reopened-before = This report was reopened before. The next step is an objection to the superior.
case-illegal-objected-before = An objection to this report was already made.
case-illegal-reveal = The secrecy that the reporter chose cannot be lowered.

case-invalid-empty = Write something first.
case-invalid-long = The text is too long.
case-invalid-subject = Write a title for the report.
case-invalid-description = Tell us what happened.
case-invalid-files = At most { $max } files.
case-invalid-unit = Choose a unit that is in service.
case-invalid-code = No report with this code was found.
case-invalid-user = Choose an officer who is active.
case-invalid-owner = This officer may not open this report. Choose another one.
case-invalid-category = Choose one of the categories.
case-invalid-rating = Choose a mark from 1 to 5.

# Mails to the reporter.
mail-case-received =
    Dear { $name },

    We have received and registered your report.

    Tracking code: { $code }
    PIN: { $pin }
    Title: { $subject }

    Keep this code and PIN. With both you can see every step, add information and reply to our messages. Give the PIN to nobody; our officers never ask for it.
    .subject = We have received your report
mail-case-verified =
    Dear { $name },

    Your report "{ $subject }" was checked and found complete. It will now be forwarded to the unit in charge.
    .subject = Your report was verified
mail-case-completion-asked =
    Dear { $name },

    To be able to handle your report "{ $subject }" we need some more information:

    { $text }

    Please send it within 30 days; after that the report counts as withdrawn. Our own deadlines are paused while we wait.
    .subject = Your report needs to be completed
mail-case-forwarded =
    Dear { $name },

    Your report "{ $subject }" was forwarded to the unit in charge.
    .subject = Your report was forwarded
mail-case-progressed =
    Dear { $name },

    There is news about your report "{ $subject }":

    { $text }
    .subject = News about your report
mail-case-answered =
    Dear { $name },

    This is the answer to your report "{ $subject }":

    { $text }

    If it is solved, please confirm so on the report's page. If not, you can reopen it there. Without a response within 10 working days we close the report.
    .subject = Your report was answered
mail-case-closed =
    Dear { $name },

    We closed your report "{ $subject }", since there was no response within 10 working days after the answer. If it is not solved, you can still reopen it once within 30 days.
    .subject = Your report was closed
mail-case-lapsed =
    Dear { $name },

    We did not receive the information that we asked for about "{ $subject }" within 30 days, so the report counts as withdrawn (Law 25/2009 article 44(5)). You can send a new report at any time.
    .subject = Your report counts as withdrawn
mail-case-referred =
    Dear { $name },

    Your report "{ $subject }" is outside our authority. In charge of it is:

    { $text }
    .subject = Your report belongs to another authority
mail-case-marked-duplicate =
    Dear { $name },

    Your report "{ $subject }" is the same as one that we already handle, so we joined the two. You can follow it on your report's page.
    .subject = Your report was joined to another
mail-case-archived =
    Dear { $name },

    We archived your report "{ $subject }" for this reason:

    { $text }
    .subject = Your report was archived
mail-case-extended =
    Dear { $name },

    Handling your report "{ $subject }" takes more time. We extended its deadline for this reason:

    { $text }
    .subject = The deadline of your report was extended
mail-case-written-to-citizen =
    Dear { $name },

    There is a message about your report "{ $subject }":

    { $text }
    .subject = A message about your report
mail-footer =
    See your report: { $link }
    To reply, open that address and enter your PIN.
mail-signature = { "" }

    Kind regards,
    Complaint management
case-channel-telegram = Telegram
case-channel-messenger = Messenger
case-channel-instagram = Instagram
case-channel-x = X
case-channel-webchat = Web chat
