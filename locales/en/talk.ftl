# Conversations on written channels.

talk-invalid-address-taken = Another account already uses this address.
talk-invalid-until = Choose a time that is not over.
talk-illegal-ended = This conversation has ended. Wait until the citizen writes again, or begin a new one.
talk-illegal-case = This conversation is part of a case already.
talk-invalid-window = The time for writing freely on this channel is over. Choose an approved template, or wait until the citizen writes again.
talk-notice-pin = PIN: { $pin }. Keep it safe: code and PIN open your report.
talk-file-lost = The file { $text } could not be fetched from the channel’s provider yet.
talk-file-nameless = attachment
talk-kind-deletion = The sender took their message back.
talk-kind-edit = Message changed: { $text }
talk-kind-empty = (empty message)
talk-kind-reaction = Put { $text } on a message.
talk-kind-reaction-gone = Took back the sign on a message.
talk-kind-unknown = A message of the kind “{ $kind }” cannot be shown here yet; its content is kept.
