# Sign-in, accounts, the agency's settings, the audit log.

org-nav-desk = Desk
org-nav-unit = My unit
org-nav-board = Supervision
org-nav-settings = Settings
org-nav-audit = Audit log

org-role-agent = Desk agent
    .hint = Takes citizens' reports in, checks and forwards them.
org-role-unit-officer = Unit officer
    .hint = Follows up the reports forwarded to their unit.
org-role-supervisor = Supervisor
    .hint = Sees to it that reports are handled in time and decides objections.
org-role-administrator = Administrator
    .hint = Sets up the agency, its units and people; does not read reports.
org-role-inspector = Inspector
    .hint = Reads reports and the audit log without changing anything.

org-scope-cases-read = Read reports, identities masked
org-scope-cases-write = Make reports and move them through every step
org-scope-identity-read = See identities unmasked
org-scope-board-read = Read summary figures
org-scope-org-read = Read units and categories

org-zone-wib = WIB: Sumatra, Java, West and Central Kalimantan
org-zone-wita = WITA: Bali, Nusa Tenggara, Sulawesi, South, East and North Kalimantan
org-zone-wit = WIT: Maluku and Papua

org-name = Name
org-email = E-mail
org-password = Password
org-password-now = Current password
org-password-new = New password
    .hint = At least 10 characters. A few unrelated words are easy to remember and hard to guess.
org-password-again = New password again
org-code = Six-digit code
org-actions = Actions

org-sign-in = Staff sign-in
org-sign-in-lead = This page is for the agency's staff. Citizens report and track without an account.
org-sign-in-do = Sign in
org-sign-in-forgot = Forgot your password? Ask your agency's administrator to set a new one.
org-sign-in-demo = Try it as
    .hint = This is a sample agency. Choose somebody to see their work; all names and reports are made up.
org-sign-in-demo-more = { $n } more
org-sign-in-own = Or sign in with e-mail
org-sign-in-code = Authenticator code
org-sign-in-code-lead = Open the authenticator app on your phone and type the code it shows now.
org-sign-in-code-lost = Lost your phone? Ask your agency's administrator to take the authenticator off your account.

org-setup = Set up Tanggap
org-setup-lead = There is no agency here yet. Fill in these two parts; everything else can be set after signing in.
org-setup-agency = Agency
org-setup-administrator = First administrator
org-setup-do = Set up and sign in

org-account-profile = Name and language
org-account-password = Password
    .hint = Changing it signs you out on all other devices.
org-account-password-do = Change password
org-totp = Authenticator
    .hint = With an authenticator, signing in takes a code from your phone besides the password. A leaked password alone is not enough.
org-totp-on = Authenticator on
org-totp-on-do = Set up authenticator
org-totp-off-do = Remove authenticator
org-totp-renew = Move to another phone
org-totp-step-app = Install an authenticator app on your phone, such as Aegis, FreeOTP or Google Authenticator.
org-totp-step-scan = Scan this code with the app.
org-totp-step-type = Cannot scan? Type this key into the app:
org-totp-step-open = Open directly in the app on this device
org-totp-step-code = Type the six-digit code it shows, to make sure that all works.
org-sessions = Signed-in devices
    .hint = If you do not recognise one, end its session and change your password.
org-session-browser = Browser
org-session-seen = Last used
org-session-since = Signed in since
org-session-this = This device
org-session-end = End
org-sessions-end = Sign out everywhere

org-flash-saved = Changes saved.
org-flash-session-ended = The session on that device has ended.
org-flash-password-changed = Password changed.
org-flash-totp-on = Authenticator set up.
org-flash-totp-off = Authenticator removed.

org-invalid-sign-in = E-mail or password does not match. Check capital and small letters.
org-invalid-wait = Too many tries. Wait about { $minutes } minutes, then try again.
org-invalid-code = The code does not match or was used before. Wait for the next one and type it again.
org-invalid-password = This password does not match.
org-invalid-password-short = The password is too short, at least { $min } characters.
org-invalid-password-long = The password is too long, at most 200 characters.
org-invalid-password-guessed = This password is too easy to guess. Try a few unrelated words.
org-invalid-password-again = Not the same as the new password above.
org-invalid-slug = Use small letters, digits and hyphens only.
org-invalid-taken = Already taken. Choose another.
org-invalid-role-unit = A unit officer must be placed in a unit.
org-invalid-role-agency = An administrator's role is for the whole agency, not for one unit.
org-invalid-agreed-days = Enter between 1 and 60 working days.
org-invalid-unit-ring = A unit cannot be under itself.
org-invalid-hours = The hours cannot be read. Write them like 07:30-12:00, 13:00-16:00; at least one day must have some.
org-invalid-general = The general category must stay on offer, so that every report has a place.
org-invalid-questions = At most { $max } questions.
org-invalid-question-key = Use small letters, digits and underscores only.
org-invalid-choices = A question with choices needs 2 to 40 of them; other kinds have none.
org-invalid-expires = Choose a date that has not passed.
org-invalid-profile = These rules cannot be used yet. Correct what is named below.
org-invalid-profile-version = This version exists already. Raise its number.

org-illegal-self = You cannot deactivate your own account.
org-illegal-last-administrator = An agency always needs at least one administrator. Appoint somebody else first.
