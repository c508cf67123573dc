//! Units and people by the table: all of it or nothing, by the same rules as one by one.

use std::collections::{HashMap, HashSet};

use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Error, Locale, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::t;

use super::{create_unit, create_user};
use crate::model::{NewUser, RoleGrant, Unit, UnitInput};
use crate::rules::Role;
use crate::sheet::{Column, Line, plain};
use crate::store;

/// The most units of one table.
pub const UNITS_MAX: usize = 500;
/// The most people of one table; each gets a password, which takes its time.
pub const PEOPLE_MAX: usize = 200;
/// What a table that is only looked at is refused with once it is found to be sound: a refusal is
/// what changes nothing.
pub const LOOKED: &str = "org-import-sound";
/// The working days of a unit whose table names none.
const AGREED_DAYS: i64 = 5;

/// The columns of a table of units.
pub const UNIT_COLUMNS: &[Column] = &[
    Column { field: "code", key: "org-import-code", required: true },
    Column { field: "name", key: "org-import-name", required: true },
    Column { field: "parent", key: "org-import-parent", required: false },
    Column { field: "agreed_days", key: "org-import-days", required: false },
    Column { field: "phone", key: "org-import-phone", required: false },
    Column { field: "email", key: "org-import-email", required: false },
    Column { field: "name_en", key: "org-import-name-en", required: false },
];

/// The columns of a table of people.
pub const PEOPLE_COLUMNS: &[Column] = &[
    Column { field: "name", key: "org-import-name", required: true },
    Column { field: "email", key: "org-import-email", required: true },
    Column { field: "roles", key: "org-import-roles", required: true },
    Column { field: "unit", key: "org-import-unit", required: false },
    Column { field: "title", key: "org-import-title", required: false },
];

/// The line that something is wrong with; 0 where it is the table.
#[must_use]
pub fn line_of(invalid: &Invalid) -> u64 {
    let line = invalid.args.iter().find(|(name, _)| *name == "line");
    line.and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

/// What is wrong with a table, line by line.
#[derive(Default)]
struct Problems(Vec<Invalid>);

impl Problems {
    /// Takes what one line was refused for; anything else ends the import.
    fn take<T>(&mut self, line: &Line, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(Error::Refused(Refusal::Invalid(wrong))) => {
                self.0.extend(wrong.into_iter().map(|invalid| line.wrong(invalid)));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn done(mut self, only_look: bool) -> Result<()> {
        if !self.0.is_empty() {
            self.0.sort_by_key(line_of);
            return Err(Refusal::Invalid(self.0).into());
        }
        if only_look { Err(Refusal::Illegal(LOOKED).into()) } else { Ok(()) }
    }
}

/// Adds the units of a table; those above others first, whatever their order in it.
///
/// # Errors
/// [`Refusal::Forbidden`]; [`Refusal::Invalid`] with what is wrong, each with its `line`;
/// [`Refusal::Illegal`] with [`LOOKED`] where it is sound and only looked at.
pub fn import_units(
    tx: &mut Tx<'_>,
    access: &Access,
    lines: &[Line],
    only_look: bool,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let mut known: HashMap<String, UnitId> =
        store::units(tx, access)?.into_iter().map(|unit| (unit.code, unit.id)).collect();
    let brought: HashSet<String> = lines.iter().map(|line| code(line, "code")).collect();
    let (mut problems, mut waiting) = (Problems::default(), lines.iter().collect::<Vec<_>>());
    loop {
        let (before, mut later) = (waiting.len(), Vec::new());
        for line in waiting {
            let above = code(line, "parent");
            let parent = known.get(&above).copied();
            if parent.is_none() && brought.contains(&above) && !above.is_empty() {
                later.push(line);
                continue;
            }
            let made = if parent.is_none() && !above.is_empty() {
                Err(Refusal::field("parent", "org-import-parent-unknown").into())
            } else {
                unit_input(line, parent).and_then(|input| create_unit(tx, access, &input))
            };
            if let Some(id) = problems.take(line, made)? {
                known.insert(code(line, "code"), id);
            }
        }
        waiting = later;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    // Whoever waits for a unit that is wrong itself is looked at once that is mended.
    if problems.0.is_empty() {
        let ring = |line: &&Line| line.wrong(Invalid::new("parent", "org-invalid-unit-ring"));
        problems.0.extend(waiting.iter().map(ring));
    }
    problems.done(only_look)
}

fn code(line: &Line, field: &str) -> String {
    line.get(field).to_uppercase()
}

fn unit_input(line: &Line, parent_id: Option<UnitId>) -> Result<UnitInput> {
    let agreed_days = match line.get("agreed_days") {
        "" => AGREED_DAYS,
        text => text.parse().map_err(|_| Refusal::field("agreed_days", "ui-invalid-number"))?,
    };
    Ok(UnitInput {
        parent_id,
        code: code(line, "code"),
        name: line.get("name").to_owned(),
        name_en: line.get("name_en").to_owned(),
        phone: line.get("phone").to_owned(),
        email: line.get("email").to_owned(),
        agreed_days,
        calendar_id: None,
        active: true,
    })
}

/// Adds the people of a table, each with the hash of a password to be changed at once.
///
/// # Errors
/// As [`import_units`].
pub fn import_people(
    tx: &mut Tx<'_>,
    access: &Access,
    people: &[(Line, String)],
    only_look: bool,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let units = store::units(tx, access)?;
    let mut problems = Problems::default();
    for (line, password_hash) in people {
        let made = user_input(line, &units, password_hash)
            .and_then(|input| create_user(tx, access, &input));
        problems.take(line, made)?;
    }
    problems.done(only_look)
}

fn user_input(line: &Line, units: &[Unit], password_hash: &str) -> Result<NewUser> {
    let mut wrong = Vec::new();
    let unit_id = match line.get("unit") {
        "" => None,
        name => {
            let found = units.iter().find(|unit| is_named(unit, name)).map(|unit| unit.id);
            if found.is_none() {
                wrong.push(Invalid::new("unit", "org-import-unit-unknown"));
            }
            found
        }
    };
    let mut roles = Vec::new();
    for word in line.get("roles").split([',', ';', '/', '+']).filter(|w| !w.trim().is_empty()) {
        match role(word) {
            Some(role) => {
                roles.push(RoleGrant { role, unit_id: unit_id.filter(|_| role.needs_unit()) });
            }
            None => {
                wrong.push(
                    Invalid::new("roles", "org-import-role-unknown").arg("name", word.trim()),
                );
            }
        }
    }
    if roles.is_empty() && wrong.iter().all(|invalid| invalid.field != "roles") {
        wrong.push(Invalid::new("roles", "ui-invalid-required"));
    }
    if !wrong.is_empty() {
        return Err(Refusal::Invalid(wrong).into());
    }
    Ok(NewUser {
        email: line.get("email").to_owned(),
        name: line.get("name").to_owned(),
        title: line.get("title").to_owned(),
        unit_id,
        password_hash: password_hash.to_owned(),
        is_temporary: true,
        locale: Locale::Id,
        roles,
    })
}

fn is_named(unit: &Unit, name: &str) -> bool {
    let name = plain(name);
    [&unit.code, &unit.name, &unit.name_en].iter().any(|own| plain(own) == name)
}

/// A role by its name in either language. Who may add agencies is made one by one.
fn role(name: &str) -> Option<Role> {
    let name = plain(name);
    Role::ALL.into_iter().filter(|role| *role != Role::Host).find(|role| {
        [Locale::Id, Locale::En].iter().any(|locale| plain(&t(*locale, role.key())) == name)
    })
}
