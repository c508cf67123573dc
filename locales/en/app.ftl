# Words on incoming mail and on the installation.

app-default-agency = Agency
app-mail-no-subject = (no subject)
app-mail-no-text = (This mail has no text.)
app-mail-cut = … This text is too long; the whole of it is in the attached file.
app-mail-not-understood = (This mail cannot be read. Its content is kept whole in the attached file.)
app-mail-other-sender = (Sent from { $address })
app-mail-stranger = (Sent from { $address }, which is not the reporter’s address. Only staff see this mail, and it changes nothing in the report.)
app-mail-automatic = (Automatic answer from { $address })
app-mail-forged = (It is not proven that { $address } wrote this: SPF, DKIM or DMARC failed)
app-mail-failed = (The mail to { $address } did not arrive. The mail system says:)
app-mail-delayed = (The mail to { $address } has not arrived yet; the mail system goes on trying:)
app-mail-delivered = (The mail to { $address } has arrived:)
app-mail-complaint = (Who reads { $address } marked our mail as unwanted. No more mail goes there:)
app-mail-whole-text = whole-text.txt
app-mail-whole-message = original-mail.eml
