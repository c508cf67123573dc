# My reports: for those who lost code or PIN.

mine-title = My reports
mine-lead = Lost code or PIN? Enter the address that you gave when reporting. We send a one-time code that opens all your reports.
mine-address = E-mail address
    .hint = The address that you gave when reporting.
mine-address-or-phone = E-mail address or phone number
    .hint = The one that you gave when reporting.
mine-send = Send a code
mine-none = Gave no address when reporting? See
mine-have-pin = I have code and PIN
mine-code-title = Enter the code
mine-sent = If { $address } is noted on a report, a code of six digits is on its way there. It is good for ten minutes.
mine-code = One-time code
    .hint = Six digits, without blanks.
mine-open = Open my reports
mine-not-come = No code yet? Look into the spam folder, too.
mine-again = Ask for another code
mine-all = All reports that name { $address }.
mine-empty = No reports
    .help = There is no report with this address.
mine-received = Received { $at }
mine-look = View report
mine-renew = Send a new PIN
mine-renewed = A new PIN for { $code } is on its way to { $address }. The old one opens nothing any more.
mine-no-way = A new PIN cannot be sent to this number at the moment. The old PIN still works.
mine-leave = Leave
mine-invalid-address = Enter an e-mail address like name@example.id, or a whole phone number.
mine-invalid-code = The code does not fit or is no longer valid. Check it, or ask for a new one.
mine-invalid-over = The time is over. Ask for a code again.
mine-invalid-wait = Codes were asked for too often. Try again in { $n } minutes.
mine-mail-code = Your code for opening your reports: { $code }

    It is good for ten minutes and once only. Give it to nobody, not to officers either. Ignore this message if you did not ask for it.
    .subject = One-time code
mine-mail-pin = The new PIN of report { $code }: { $pin }

    The old PIN opens nothing any more. See your report: { $link }
    .subject = [{ $code }] New PIN
case-event-pin-replaced = The PIN was replaced on the reporter's demand
org-event-case-pin-replaced = The PIN of a report was replaced by its reporter
