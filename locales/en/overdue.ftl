desk-overdue = Overdue today
desk-overdue-own = { $n ->
    [one] One report of yours
   *[other] { $n } reports of yours
}
desk-overdue-untaken = { $n ->
    [one] One report that nobody has taken
   *[other] { $n } reports that nobody has taken
}
desk-overdue-escalated = { $n ->
    [one] One report escalated to you
   *[other] { $n } reports escalated to you
}
desk-overdue-read = I have read this
desk-overdue-toast = Overdue reports are waiting for you.
org-event-overdue-told = Somebody was told what is overdue
org-event-overdue-read = A notice of what is overdue was read
org-fact-day = Day
org-fact-escalated = Escalated
org-fact-own = Their own
org-fact-untaken = Taken by nobody
org-job-kind-overdue-day = Daily notice of overdue reports
org-subject-overdue = Notice of what is overdue
