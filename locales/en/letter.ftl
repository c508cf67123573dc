# Letters: links in them, and what is shown beside them.

portal-invite = Open the report
portal-invite-lead = This link was sent to the reporter's mail address. Press the button to see the report.
portal-invite-over = This link no longer works. Please open your report with its code and PIN.
portal-stop = No more news by mail
portal-stop-lead = News of your reports will no longer be sent to { $address }.
portal-stop-owed = Receipts and answers to your reports are still sent, since we owe them.
portal-stop-do = Stop
portal-stop-done = News of your reports are no longer sent to { $address }.
app-mail-open = Open the report
app-mail-stop = No more news by mail
desk-folded = Quoted text and signature
desk-folded-sealed = The quoted text and signature of this letter are shown once you look at who reported.
desk-check-holds = { $check } holds
desk-check-fails = { $check } fails
app-mail-carried-on = Carries on report { $code }, which was closed.
app-mail-goes-on = The reporter wrote again after this report was closed. It goes on as { $code }.
desk-original = See the letter as it was sent
