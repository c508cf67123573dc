# The frame of pages, forms, dates, and the words that every screen uses.

ui-skip = Skip to the content
ui-nav-main = Main menu
ui-menu-user = Account menu
ui-account = My account
ui-help = Help
ui-sign-out = Sign out
ui-language = Language
ui-theme = Appearance
ui-theme-system = As the device
ui-theme-light = Light
ui-theme-dark = Dark
ui-foot-track = Track a report
ui-foot-managers = Who manages complaints
ui-foot-deadlines = Deadline calculator
ui-foot-staff = Staff sign-in

ui-save = Save
ui-cancel = Cancel
ui-close = Close
ui-send = Send
ui-continue = Continue
ui-back = Back
ui-edit = Change
ui-delete = Delete
ui-search = Search
ui-filter = Filter
ui-clear = Clear filters
ui-print = Print
ui-copy = Copy
ui-copied = Copied
ui-more = More
ui-all = All
ui-yes = Yes
ui-none = None
ui-breadcrumb = Where this page is
ui-results = { $n ->
    [one] { $n } result
   *[other] { $n } results
}
ui-pager = Pages of the list
ui-pager-next = Next
ui-pager-previous = Previous

ui-optional = (optional)
ui-choose = Choose one
ui-error-word = Error
ui-error-summary = Some answers need correcting
ui-invalid-required = This must be filled in.
ui-invalid-long = This is too long; at most { $max } characters.
ui-invalid-short = This is too short; at least { $min } characters.
ui-invalid-email = Write the full e-mail address, such as name@example.id.
ui-invalid-phone = Write the full phone number, such as 0812 3456 7890.
ui-invalid-date = Write a real date, such as 13 March 2026.
ui-invalid-number = Use digits only.
ui-invalid-choice = Choose one of the options.
ui-invalid-file-size = The file is too large; at most { $max }.
ui-invalid-file-photo = We could not clear the photo { $name } of where and on which phone it was taken, so it has not been kept. Please send it as JPEG: on an iPhone open Settings, Camera, Formats and choose Most Compatible; or send a screenshot of the photo.
ui-invalid-file-infected = The file { $name } contains a virus and was not kept.
ui-invalid-file-type = Files of this type cannot be taken.
ui-invalid-csrf = This page has been open for too long. Your answers are still here; please send them once more.

ui-problem-403 = You may not do this
    .help = Ask your supervisor or administrator for help.
ui-problem-404 = Page not found
    .help = The address may be mistyped, or the page has moved. Report codes can be tracked from the home page.
ui-problem-409 = Someone else has just changed this
    .help = Reload the page to see how it stands now, then do it again. Nothing was overwritten.
ui-problem-413 = That is too large to send
    .help = Send smaller or fewer files.
ui-problem-422 = The request could not be understood
    .help = Go back to the page before, check your answers and send them again.
ui-problem-429 = Too many requests
    .help = Wait a moment, then try again.
ui-problem-500 = Something went wrong on our side
    .help = It has been recorded. Please try again in a while.
ui-problem-503 = The service cannot be reached now
    .help = Please try again in a while. Reports already received are safe.
ui-problem-full = The storage of our server is full, so nothing can be saved for now. What you just sent was not saved; what was received before is safe. Please send it again later.
ui-problem-home = To the home page
ui-frame-missing = This part could not be shown
    .help = The server's answer was incomplete. Reload to try again.
ui-frame-gone = You cannot open this report
    .help = The code may be wrong, or others handle the report now.
ui-frame-again = Reload
ui-frame-back = Back to the list

ui-palette-open = Search or command
ui-palette = Search or run a command
    .hint = Report code, name or command
ui-palette-results = Results
ui-palette-none = Nothing matches.
ui-live-offline = Disconnected, reconnecting
ui-shortcuts = Keyboard shortcuts
ui-key-palette = Search or run a command
ui-key-move = To the next or previous row
ui-key-open = Open the chosen row
ui-key-search = To the search box
ui-key-new = Register a new report (on the desk)
ui-key-reply = Write a reply
ui-key-send = Send what is written, or the form
ui-key-undo = Undo what was just done
ui-key-leave = From what you write to its report, then to its row in the list
ui-key-help = Show the shortcuts

ui-draft-saved = Draft saved
ui-draft-saving = Saving draft
ui-draft-offline = Draft saved on this device only

ui-health-ok = Time enough
ui-health-warn = Due soon
ui-health-late = Past due
ui-health-paused = Clock paused
ui-health-done = Met

ui-state-received = Received
ui-state-incomplete = Waiting for details
ui-state-verified = Verified
ui-state-forwarded = Forwarded
ui-state-in-progress = In progress
ui-state-answered = Answered
ui-state-closed = Closed
ui-state-reopened = Reopened
ui-state-objected = Objected
ui-state-outside-authority = Outside our authority
ui-state-duplicate = Duplicate
ui-state-archived = Archived
ui-state-withdrawn = Withdrawn

ui-month-1 = January
ui-month-2 = February
ui-month-3 = March
ui-month-4 = April
ui-month-5 = May
ui-month-6 = June
ui-month-7 = July
ui-month-8 = August
ui-month-9 = September
ui-month-10 = October
ui-month-11 = November
ui-month-12 = December
ui-month-short-1 = Jan
ui-month-short-2 = Feb
ui-month-short-3 = Mar
ui-month-short-4 = Apr
ui-month-short-5 = May
ui-month-short-6 = Jun
ui-month-short-7 = Jul
ui-month-short-8 = Aug
ui-month-short-9 = Sep
ui-month-short-10 = Oct
ui-month-short-11 = Nov
ui-month-short-12 = Dec
ui-weekday-1 = Monday
ui-weekday-2 = Tuesday
ui-weekday-3 = Wednesday
ui-weekday-4 = Thursday
ui-weekday-5 = Friday
ui-weekday-6 = Saturday
ui-weekday-7 = Sunday

ui-just-now = just now
ui-ago-minutes = { $n ->
    [one] { $n } minute ago
   *[other] { $n } minutes ago
}
ui-ago-hours = { $n ->
    [one] { $n } hour ago
   *[other] { $n } hours ago
}
ui-ago-days = { $n ->
    [one] { $n } day ago
   *[other] { $n } days ago
}
ui-due-minutes = { $n ->
    [one] in { $n } minute
   *[other] in { $n } minutes
}
ui-due-hours = { $n ->
    [one] in { $n } hour
   *[other] in { $n } hours
}
ui-due-days = { $n ->
    [one] in { $n } day
   *[other] in { $n } days
}
ui-late-minutes = { $n ->
    [one] { $n } minute late
   *[other] { $n } minutes late
}
ui-late-hours = { $n ->
    [one] { $n } hour late
   *[other] { $n } hours late
}
ui-late-days = { $n ->
    [one] { $n } day late
   *[other] { $n } days late
}
