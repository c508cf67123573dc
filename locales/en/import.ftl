# Units and people from a spreadsheet, and the checklist of a new agency.

org-import-units = Import units
    .hint = Bring in all units at once from a spreadsheet, { $max } rows at most. Nothing is made before you have seen the result.
org-import-people = Import people
    .hint = Bring in all staff at once from a spreadsheet, { $max } rows at most. Nothing is made before you have seen the result.
org-import-sample = 1. Fill in the sample
    .hint = Open this sample in Excel, LibreOffice or Google Sheets, replace what is in it, and save it as CSV. Columns may stand in any order.
org-import-sample-get = Download the sample CSV
org-import-choose = 2. Check your file
org-import-file = CSV file
    .hint = 256 kB at most. Semicolons, commas and tabs between cells are all understood.
org-import-look = Check first
org-import-other = Choose another file
org-import-sound = This is what will be made
    .hint = Look once more. What turns out wrong can still be changed or deactivated one by one.
org-import-units-make = { $n ->
        [one] Make { $n } unit
       *[other] Make { $n } units
    }
org-import-people-make = { $n ->
        [one] Make { $n } account
       *[other] Make { $n } accounts
    }
org-import-people-made = Accounts made
org-import-people-once = Copy this list now: the passwords will not be shown again. Hand each to its person directly; at the first sign-in they are asked to change it.
org-import-wrong = Nothing has been made yet. Please correct:
org-import-at = Line { $line }, { $column }: { $said }
org-import-at-line = Line { $line }: { $said }
org-flash-imported = All units in the file have been made.

org-import-code = Code
    .hint = The unit's short code, such as PUPR.
org-import-name = Name
    .hint = The full name.
org-import-name-en = English name
    .hint = For pages in English.
org-import-parent = Parent
    .hint = The code of the unit above. Empty for a top unit.
org-import-days = Working days
    .hint = At most how many working days after a report was forwarded. Empty means 5.
org-import-phone = Phone
    .hint = A number to call.
org-import-email = E-mail
    .hint = The complete e-mail address.
org-import-roles = Roles
    .hint = Desk agent, Unit officer, Supervisor, Administrator or Inspector; several are separated by commas.
org-import-unit = Unit
    .hint = Code or name of the unit where they work. Required for unit officers.
org-import-title = Position
    .hint = Their position in the agency.

org-import-units-file = sample-units
org-import-people-file = sample-people
# One sample row a line, cells separated by |, in the order of the columns.
org-import-units-sample =
    SETDA|Sekretariat Daerah||5|(0274) 555010|setda@contoh.go.id|Regional Secretariat
    DINKES|Dinas Kesehatan|SETDA|5|(0274) 555020|dinkes@contoh.go.id|Health Office
    PKM1|Puskesmas Satu|DINKES|3|||
org-import-people-sample =
    Siti Rahayu|siti.rahayu@contoh.go.id|Desk agent||Service staff
    Budi Santoso|budi.santoso@contoh.go.id|Unit officer|DINKES|Head of section
    Dewi Lestari|dewi.lestari@contoh.go.id|Supervisor, Inspector||Inspector

org-import-unread = This file cannot be read as CSV. In Excel choose Save As, then CSV (comma delimited) or CSV UTF-8.
org-import-large = The file is too large, { $max } kB at most.
org-import-empty = The file has not a single row below the names of its columns.
org-import-lines = Too many rows, { $max } at most. Please split them into several files.
org-import-cells = There are more cells than columns. Put quotation marks around text that contains the separator.
org-import-column-missing = The column { $name } is missing. The first row has to name the columns.
org-import-column-unknown = The column { $name } is not known. Remove it, or name it as in the sample.
org-import-column-twice = The column { $name } is there twice.
org-import-parent-unknown = There is no unit with this code, neither in the file nor in the agency.
org-import-unit-unknown = There is no unit with this code or name. Make the unit first.
org-import-role-unknown = The role { $name } is not known.
