//! The whole matrix of role × permission × unit, as a table that is read like the rule itself.

use tanggap_kernel::access::{Access, Grant, Permission, Permissions};
use tanggap_kernel::id::{AgencyId, UnitId};
use tanggap_kernel::{Locale, Refusal};

use super::*;

const OWN: UnitId = UnitId(7);
const UNDER: UnitId = UnitId(8);
const OTHER: UnitId = UnitId(9);

/// One row for each permission: who holds it. Columns: agent, unit officer, supervisor,
/// administrator, inspector, host; `a`: in the whole agency, `u`: in the own unit and under it.
const MATRIX: [(Permission, [&str; 6]); 24] = [
    (Permission::CaseRead, ["a", "u", "a", "-", "a", "-"]),
    (Permission::CaseCreate, ["a", "-", "a", "-", "-", "-"]),
    (Permission::CaseVerify, ["a", "-", "a", "-", "-", "-"]),
    (Permission::CaseForward, ["a", "-", "a", "-", "-", "-"]),
    (Permission::CaseFollowUp, ["-", "u", "-", "-", "-", "-"]),
    (Permission::CaseAnswer, ["a", "u", "a", "-", "-", "-"]),
    (Permission::CaseWrite, ["a", "u", "a", "-", "-", "-"]),
    (Permission::CaseSupervise, ["-", "-", "a", "-", "-", "-"]),
    (Permission::IdentityRead, ["a", "u", "a", "-", "-", "-"]),
    (Permission::BoardRead, ["-", "-", "a", "-", "a", "-"]),
    (Permission::OrgManage, ["-", "-", "-", "a", "-", "-"]),
    (Permission::OrgRead, ["-", "-", "a", "a", "a", "-"]),
    (Permission::AuditRead, ["-", "-", "-", "a", "a", "-"]),
    (Permission::JobsManage, ["-", "-", "-", "a", "-", "-"]),
    (Permission::TokensManage, ["-", "-", "-", "a", "-", "-"]),
    (Permission::AgenciesManage, ["-", "-", "-", "-", "-", "a"]),
    (Permission::TalkRead, ["a", "-", "a", "-", "a", "-"]),
    (Permission::TalkWrite, ["a", "-", "a", "-", "-", "-"]),
    (Permission::ChannelsManage, ["-", "-", "-", "a", "-", "-"]),
    (Permission::RouteWork, ["a", "u", "a", "-", "-", "-"]),
    (Permission::RouteSupervise, ["-", "-", "a", "-", "-", "-"]),
    (Permission::TalkSupervise, ["-", "-", "a", "-", "-", "-"]),
    (Permission::CaseForReporter, ["a", "-", "a", "-", "-", "-"]),
    (Permission::PersonErase, ["-", "-", "-", "a", "-", "-"]),
];

fn access(role: Role, units: Option<Vec<UnitId>>) -> Access {
    let grant = Grant { permissions: permissions(role), units };
    Access { grants: vec![grant], ..Access::citizen(AgencyId(1), Locale::Id) }
}

#[test]
fn each_role_may_do_what_the_matrix_says_and_nothing_else() {
    assert_eq!(MATRIX.map(|row| row.0), Permission::ALL, "each permission has its row");
    for (permission, columns) in MATRIX {
        for (role, held) in Role::ALL.into_iter().zip(columns) {
            let units = role.needs_unit().then(|| vec![OWN, UNDER]);
            let access = access(role, units);
            let (own, other) = match held {
                "a" => (true, true),
                "u" => (true, false),
                _ => (false, false),
            };
            for (unit, expected) in
                [(Some(OWN), own), (Some(UNDER), own), (Some(OTHER), other), (None, other)]
            {
                let can = access.can(permission, unit);
                assert_eq!(can, expected, "{role:?} {permission:?} {unit:?}");
                let required = access.require(permission, unit);
                assert_eq!(required.is_ok(), expected);
                assert!(required.is_ok() || required == Err(Refusal::Forbidden));
            }
        }
    }
}

#[test]
fn any_role_held_for_a_unit_ends_at_its_border() {
    for role in Role::ALL.into_iter().filter(|role| role.takes_unit()) {
        let access = access(role, Some(vec![OWN]));
        for permission in Permission::ALL {
            assert!(!access.can(permission, Some(OTHER)), "{role:?} {permission:?}");
            assert!(!access.can(permission, None), "{role:?} {permission:?}");
        }
    }
}

#[test]
fn a_token_may_do_no_more_than_its_scopes() {
    let all: Vec<_> = TokenScope::ALL.iter().flat_map(|s| s.permissions()).copied().collect();
    let held = Permissions::of(&all);
    let never = [Permission::OrgManage, Permission::AuditRead, Permission::TokensManage];
    for never in never.into_iter().chain([Permission::AgenciesManage]) {
        assert!(!held.has(never), "{never:?}");
    }
    for scope in TokenScope::ALL {
        assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
    }
}

fn unit(id: i64, parent: Option<i64>) -> Unit {
    Unit {
        id: UnitId(id),
        parent_id: parent.map(UnitId),
        code: String::new(),
        name: String::new(),
        name_en: String::new(),
        phone: String::new(),
        email: String::new(),
        agreed_days: 1,
        calendar_id: None,
        active: true,
        version: 1,
    }
}

#[test]
fn units_under_takes_the_whole_subtree_and_survives_a_ring() {
    let tree = [unit(1, None), unit(2, Some(1)), unit(3, Some(2)), unit(4, Some(1))];
    assert_eq!(units_under(&tree, UnitId(2)), [UnitId(2), UnitId(3)]);
    assert_eq!(units_under(&tree, UnitId(1)).len(), 4);
    let ring = [unit(1, Some(2)), unit(2, Some(1))];
    assert_eq!(units_under(&ring, UnitId(1)), [UnitId(1), UnitId(2)]);
}

#[test]
fn slugs_and_addresses() {
    for (text, slug) in [
        ("Dinas P.U. & Tata Ruang", "dinas-p-u-tata-ruang"),
        ("  Umum ", "umum"),
        ("Jalan/Trotoar", "jalan-trotoar"),
        ("!!", ""),
    ] {
        assert_eq!(slug_of(text), slug);
    }
    assert!(is_slug("jalan-rusak") && !is_slug("Jalan") && !is_slug("-a") && !is_slug(""));
    for good in ["a@b.id", "nama.orang+x@dinas.go.id"] {
        assert!(is_email(good), "{good}");
    }
    for bad in ["", "a", "a@b", "a b@c.id", "a@b..id", "@c.id", "a@@c.id"] {
        assert!(!is_email(bad), "{bad}");
    }
}
