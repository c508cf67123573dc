# Conversations on written channels.

talk-invalid-address-taken = Another account already uses this address.
talk-invalid-until = Choose a time that is not over.
talk-illegal-ended = This conversation has ended. Wait until the citizen writes again, or begin a new one.
