# Web chat: the page, the widget on other sites, and its mail.

chat-title = Chat
chat-lead = Write to an officer of { $agency } and read the answer here.
chat-greeting = Welcome to { $agency }. Write your question and an officer will answer here.
chat-away = We are outside the office hours of { $agency }. Leave a message: we follow it up as a report and you get its tracking code.
chat-home = Officers are there to answer now.
    .open = Start a chat
chat-none = Chat is not open yet
chat-none-text = This agency has not opened a chat yet. Your questions and complaints are welcome by the form.
chat-thread = The conversation
chat-empty = No messages yet.
chat-refresh = Reload the conversation
chat-you = You
chat-officer = Officer
chat-text = Your message
chat-email = E-mail
chat-phone = Telephone
chat-name = Name
chat-who = So that an answer can follow (optional)
chat-who-note = If you leave before we answer, the answer goes to this e-mail, or by WhatsApp to this number.
chat-kind = This message is
chat-kind-information-request = A question
chat-kind-complaint = A complaint
chat-leave = Leave a message
chat-left = We have your message
chat-left-text = Keep this code and PIN to track it.
chat-reach = Send answers to my e-mail
chat-reach-do = Keep the address
chat-transcript = Send a transcript by e-mail
chat-transcript-do = Send the transcript
chat-end = End chat
chat-ended = This chat has ended. Your next message starts a new one.
chat-rate = How was our service?
chat-comment = Comment
chat-rate-do = Send rating
chat-rated = Thank you. You rated { $rating } of 5.
chat-done-reach = Good. Answers follow by e-mail once you have left.
chat-done-transcript = The transcript is on its way to your e-mail.
chat-done-rated = Thank you for your rating.
chat-too-many = Too often. Wait a moment, then try again.
chat-invalid-long = A message has at most { $max } characters.
chat-invalid-files = At most { $max } attachments in one message.
chat-illegal-closed = We are outside office hours. Please leave a message.
chat-illegal-going-on = This chat is still going on.
chat-illegal-transcripts = Enough transcripts of this chat have been sent.

# Texts of the widget.
chat-w-title = Chat
chat-w-open = Open chat
chat-w-close = Close chat
chat-w-new-count = { $n } new messages
chat-w-log = Conversation
chat-w-you = You
chat-w-officer = Officer
chat-w-machine = Automatic message
chat-w-greeting = Welcome. Write your question and an officer will answer here.
chat-w-away = We are outside office hours. Leave a message: we follow it up as a report and you get its tracking code.
chat-w-text = Your message
chat-w-send = Send
chat-w-attach = Attach a photo or file
chat-w-detach = Remove { $name }
chat-w-emoji = Choose an emoji
chat-w-typing = The officer is writing …
chat-w-sending = Sending …
chat-w-unsent = Not sent yet. Kept on this device.
chat-w-unsent-volatile = Not sent yet. Do not close this page.
chat-w-unsent-files = Not sent yet. The attachment { $name } was not kept on this device: attach it again, or send without it.
chat-w-refused = Not sent: { $name }
chat-w-retry = Send again
chat-w-drop = Delete
chat-w-sent = Sent
chat-w-seen = Read
chat-w-offline = No connection. Your messages are kept and go out as soon as it is back.
chat-w-offline-short = No connection.
chat-w-busy = Too many messages. Trying again in a moment.
chat-w-failed = Something is wrong on our side. Please try again.
chat-w-big = { $name } is too large, the most is { $max } MB.
chat-w-many = At most 5 attachments in one message.
chat-w-who = So that an answer can follow (optional)
chat-w-who-note = If you leave before we answer, the answer goes to this e-mail, or by WhatsApp to this number.
chat-w-name = Name
chat-w-email = E-mail
chat-w-phone = Telephone
chat-w-menu = More options
chat-w-reach = Send answers by e-mail
chat-w-reached = Good. Answers follow by e-mail once you have left.
chat-w-transcript = Transcript by e-mail
chat-w-transcribed = The transcript is on its way to your e-mail.
chat-w-end = End chat
chat-w-ended = This chat has ended.
chat-w-again = Start a new chat
chat-w-rate = How was our service?
chat-w-rate-1 = Very poor
chat-w-rate-2 = Poor
chat-w-rate-3 = Fair
chat-w-rate-4 = Good
chat-w-rate-5 = Very good
chat-w-comment = Comment (optional)
chat-w-rated = Thank you for your rating.
chat-w-leave = Leave a message
chat-w-kind = This message is
chat-w-kind-question = A question
chat-w-kind-complaint = A complaint
chat-w-left = We have your message. Keep this code and PIN to track it.
chat-w-code = Tracking code
chat-w-pin = PIN
chat-w-track = Track this message

chat-mail-transcript =
    Here is the transcript of your chat with { $agency }.

    { $text }
    This mail was asked for on the chat page.
    .subject = Transcript of your chat with { $agency }
chat-mail-follow =
    Dear { $name },

    An officer of { $agency } has answered your chat:

    { $text }
    Go on in the same browser: { $link }
    .subject = The answer to your chat from { $agency }

# Settings of the chat.
chat-settings = Web chat
    .hint = The chat window on your sites, and the chat page that works without JavaScript.
chat-settings-new = Add a chat
chat-settings-empty = No chat yet
    .hint = Add one for each site that will show it.
chat-settings-name = Name
    .hint = Seen by staff only, such as the name of the site.
chat-settings-places = Sites
chat-settings-active = In use
chat-settings-on = In use
chat-settings-off = Not in use
chat-tag = Put it on your site
    .hint = Copy this line into the page, before the closing </body>. Where the site has a Content-Security-Policy, allow our address in script-src and frame-src.
    .page = Without it, the chat is also open at
chat-origins = Sites that may show it
    .hint = One address a line, such as https://dinas.contoh.go.id. No other site can open it.
chat-hours = When officers are there
chat-hours-office = In the agency's office hours; outside them people leave a message
chat-hours-always = Day and night
chat-set-greeting = Greeting, Indonesian
    .hint = Leave empty for the usual greeting.
chat-set-greeting-en = Greeting, English
chat-set-away = Outside office hours, Indonesian
chat-set-away-en = Outside office hours, English
chat-identity = Users who are signed in to your application
    .hint = Your application can say who its user is by a signed JWT (HS256 or EdDSA) in the attribute data-identitas. A token is good for 24 hours at most. What is in it, for example:
chat-secret = HS256 secret; keep it on your server only
chat-new-key = Make a new secret
    .hint = The old one stops counting at once.
chat-public-key = Ed25519 public key
    .hint = Where it is given, only EdDSA tokens by this key are taken. PEM or Base64.
chat-invalid-origin = The address { $name } cannot be used. Write it like https://dinas.contoh.go.id.
chat-invalid-origins = At most { $max } sites.
chat-invalid-key = This is no Ed25519 public key.
chat-flash-saved = The chat was saved.

org-event-chat-begun = Chat begun
org-event-chat-followed = Answers of a chat sent after the visitor by mail
org-event-chat-rated = Chat rated by the citizen
