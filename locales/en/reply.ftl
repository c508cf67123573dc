# By when talks are answered.

reply-targets = Reply targets
    .help = Within how many minutes of office hours a citizen's message is answered. Time out of hours does not count.
reply-all-queues = All queues
reply-first = First reply
reply-next = Further replies
reply-minutes = minutes
reply-holds = If left empty: { $first } minutes, then { $next } minutes.
reply-flash-saved = Reply targets saved.
reply-due-first = First reply
reply-due-next = Next reply
reply-level = Replied in time
reply-late = Reply overdue
reply-warned = A talk of yours is close to its reply target.
reply-overdue = A talk of yours is past its reply target.
reply-open = Open the talk
routing-invalid-minutes = Enter 1 to 13,500 minutes.
org-event-talk-reply-warned = Warning of a reply target
org-event-reply-targets-set = Reply targets set
