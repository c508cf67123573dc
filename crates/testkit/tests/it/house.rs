//! A small agency to test in: two units under a root, one person for each role.

use tanggap_calendar::{Kind, Zone};
use tanggap_cases::actions::{self, Move, Opened};
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::report::{Report, Ticket};
use tanggap_cases::rules::Action;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, AgencyId, Locale, Result};
use tanggap_org::{self as org, CategoryId, NewAgency, NewUser, Role, RoleGrant, UnitInput};
use tanggap_store::{Db, Tx};
use tanggap_ui::ctx::Secrets;

/// The agency and who is in it.
#[derive(Clone)]
pub struct House {
    pub db: Db,
    pub agency: AgencyId,
    pub roads: UnitId,
    pub health: UnitId,
    pub category: CategoryId,
    pub agent: Access,
    pub roads_officer: Access,
    pub health_officer: Access,
    pub supervisor: Access,
    pub inspector: Access,
}

impl House {
    /// Builds it in an empty database.
    pub async fn build(db: &Db) -> Self {
        let of = db.clone();
        db.write(move |tx| build(tx, of.clone())).await.expect("a house")
    }

    pub fn citizen(&self) -> Access {
        Access::citizen(self.agency, Locale::Id)
    }

    /// Registers a report as a citizen.
    pub async fn report(&self, change: impl FnOnce(&mut Report)) -> Opened {
        let ticket = Ticket::draw(&Secrets::new([1; 32])).expect("a ticket");
        let text = "Lubang besar di depan pasar, sudah dua motor jatuh.";
        let mut report = Report::new(Kind::Complaint, "Jalan berlubang", text, ticket);
        change(&mut report);
        let access = self.citizen();
        self.db.write(move |tx| actions::open(tx, &access, &report)).await.expect("registered")
    }

    /// Registers many at once.
    pub async fn reports(&self, count: usize) {
        let text = "Lubang besar di depan pasar, sudah dua motor jatuh.";
        let draw = || Ticket::draw(&Secrets::new([1; 32])).expect("a ticket");
        let report = || Report::new(Kind::Complaint, "Jalan berlubang", text, draw());
        let (access, reports) = (self.citizen(), (0..count).map(|_| report()).collect::<Vec<_>>());
        let all = self.db.write(move |tx| {
            reports.iter().try_for_each(|report| actions::open(tx, &access, report).map(drop))
        });
        all.await.expect("registered");
    }

    /// Makes one move.
    pub async fn act(&self, access: &Access, case: CaseId, action: Action) -> Result<Case> {
        let access = access.clone();
        let wanted = Move { case, version: None, action, attachments: vec![] };
        self.db.write(move |tx| actions::act(tx, &access, &wanted)).await
    }

    /// Forwards to a unit.
    pub fn forward(unit: UnitId) -> Action {
        Action::Forward { unit, instruction: "Mohon ditindaklanjuti.".into(), agreed_days: None }
    }
}

fn build(tx: &mut Tx<'_>, db: Db) -> Result<House> {
    let agency = org::create_agency(tx, &NewAgency::named("Kabupaten Uji", Zone::Wib))?;
    let system = Access::system(agency);
    let unit = |tx: &mut Tx<'_>, code: &str, parent| {
        let input = UnitInput {
            parent_id: parent,
            code: code.into(),
            name: format!("Dinas {code}"),
            name_en: String::new(),
            phone: String::new(),
            email: String::new(),
            agreed_days: 5,
            calendar_id: None,
            active: true,
        };
        org::create_unit(tx, &system, &input)
    };
    let root = unit(tx, "SETDA", None)?;
    let roads = unit(tx, "PUPR", Some(root))?;
    let health = unit(tx, "DINKES", Some(root))?;
    let person = |tx: &mut Tx<'_>, name: &str, unit_id, role, scope| -> Result<Access> {
        let input = NewUser {
            email: format!("{name}@uji.example"),
            name: name.into(),
            title: "Petugas".into(),
            unit_id,
            password_hash: "!".into(),
            is_temporary: false,
            locale: Locale::Id,
            roles: vec![RoleGrant { role, unit_id: scope }],
        };
        let id: UserId = org::create_user(tx, &system, &input)?;
        let user = org::user(tx, &system, id)?.expect("just made");
        org::access_of(tx, agency, &user)
    };
    let agent = person(tx, "agen", None, Role::Agent, None)?;
    let roads_officer = person(tx, "jalan", Some(roads), Role::UnitOfficer, Some(roads))?;
    let health_officer = person(tx, "sehat", Some(health), Role::UnitOfficer, Some(health))?;
    let supervisor = person(tx, "penyelia", None, Role::Supervisor, None)?;
    let inspector = person(tx, "pengawas", None, Role::Inspector, None)?;
    let category = org::category_by_slug(tx, &system, "umum")?.expect("made with the agency").id;
    Ok(House {
        db,
        agency,
        roads,
        health,
        category,
        agent,
        roads_officer,
        health_officer,
        supervisor,
        inspector,
    })
}
