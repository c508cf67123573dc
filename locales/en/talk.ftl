# Conversations on written channels.

talk-invalid-address-taken = Another account already uses this address.
talk-invalid-until = Choose a time that is not over.
talk-illegal-ended = This conversation has ended. Wait until the citizen writes again, or begin a new one.
talk-illegal-case = This conversation is part of a case already.
talk-invalid-window = The time for writing freely on this channel is over. Choose an approved template, or wait until the citizen writes again.
talk-notice-pin = PIN: { $pin }. Keep it safe: code and PIN open your report.
