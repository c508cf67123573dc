### Outbound messages: queue, rules of channels, addresses that are not written to.

org-event-outbound-queued = Message asked to be sent again
org-event-outbound-sent = Message sent
org-event-outbound-delivered = Message arrived
org-event-outbound-read = Message read
org-event-outbound-failed = Message could not be sent
org-event-outbound-unsure = Not certain whether the message went out
org-event-outbound-suppressed = Message not sent: the address is not written to any more
org-event-outbound-taken-as-sent = Message taken as sent
org-event-suppression-added = Address is not written to any more
org-event-suppression-lifted = Address may be written to again
org-subject-suppression = Address
