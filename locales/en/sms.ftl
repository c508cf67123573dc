# SMS: accounts at operators' message centres.

sms-new = Add an SMS account
sms-own = Our number
sms-name = Name of the account
    .hint = What staff know it by, such as SMS 1708.
sms-address = Sender's number or name
    .hint = What citizens see as the sender, as registered with the operator.
sms-ton = Type of number
sms-ton-unknown = Not said
sms-ton-international = International (62812…)
sms-ton-national = National (0812…)
sms-ton-network = Operator's short code
sms-ton-name = A name, no digits
sms-npi = Numbering plan
sms-npi-unknown = Not said
sms-npi-telephone = Telephone (E.164)
sms-price = Cost of each part of an SMS
    .hint = Shown to staff before an SMS is sent. Enter 0 where nothing is charged.
sms-active = This account is used
sms-centre = The operator's message centre
sms-host = Server
sms-port = Port
sms-system-id = User name (system_id)
sms-password = Password
    .hint = Kept sealed and not shown again. Leave it empty to keep it as it is.
sms-system-type = Kind of system (system_type)
sms-tls = Encrypted connection (TLS)
sms-authority = Authority's certificate (PEM)
    .hint = Only where the operator has an authority of its own.
sms-manner = How the message centre works
    .hint = Change this only where the operator asks for it.
sms-version = Version of SMPP
sms-mode = Connections
sms-mode-transceiver = One that sends and receives
sms-mode-pair = Two, one to send and one to receive
sms-window = Messages that may be unanswered
    .hint = How many messages are sent before the message centre answers the first.
sms-alphabet = Default letters
sms-alphabet-gsm = GSM 03.38
sms-alphabet-latin = Latin-1
sms-concat = Long SMS
sms-concat-udh8 = Cut, with a mark of 8 bits
sms-concat-udh16 = Cut, with a mark of 16 bits
sms-concat-sar = Cut, with sar parameters
sms-concat-payload = Sent whole, cut by the message centre
sms-ids = Ids of messages
sms-ids-same = The same in answer and receipt
sms-ids-answer = Hexadecimal in the answer, decimal in the receipt
sms-ids-receipt = Decimal in the answer, hexadecimal in the receipt
sms-trouble = The message centre is not connected
sms-flash-created = The SMS account was added. The connection is being opened.
sms-flash-saved = The SMS account was saved. The connection is opened anew.
sms-invalid-number = Enter a number that fits.

# Answers to the words that people may send; each had better fit one SMS.

sms-answer-help = Text LAPOR and then your report, STATUS and then your report's code, or BERHENTI to get no more SMS.
sms-answer-report-how = Text LAPOR and then your report, such as: LAPOR the street light at Pasar Baru is out.
sms-answer-status-how = Text STATUS and then your report's code, such as: STATUS TGP-7UD-GKF-2G9.
sms-answer-status = Report { $code }: { $state }.
sms-answer-unknown = No report with the code { $text } is known for this number. Check the code, then try again.
sms-answer-added = We added your message to report { $text }.
sms-answer-stop = You will get no more SMS. Text MULAI to get them again.
sms-answer-start = You will get SMS from us again. Text BERHENTI to stop them.

# News of a report

sms-notice-received = We have received report { $code }.
sms-notice-secret = PIN { $pin }, keep it safe. See: { $link }

# Below the answer

sms-count = {"{"}parts{"}"} SMS, room for {"{"}left{"}"} more characters
sms-count-cost = {"{"}parts{"}"} SMS, room for {"{"}left{"}"} more characters, cost Rp{"{"}cost{"}"}
sms-room = One SMS holds 160 characters, or 70 with emoji or special letters.
sms-room-cost = One SMS holds 160 characters, or 70 with emoji or special letters. Each part costs { $price }.
