//! Who has two addresses is written to at the one that they use.

use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::rules::Action;
use tanggap_cases::{addresses, store};
use tanggap_contacts::NewContact;
use tanggap_conversations::outbound;
use tanggap_kernel::{Access, Timestamp};
use tanggap_store::Tx;
use tanggap_testkit::engines;

use crate::house::House;

/// Where the mails of a case went, in their order.
async fn went_to(house: &House, case: CaseId) -> Vec<String> {
    let access = Access::system(house.agency);
    let read = move |tx: &mut Tx<'_>| Ok(outbound::of_case(tx, &access, case.0)?);
    let mut rows = house.db.read(read).await.expect("read");
    rows.sort_by_key(|row| row.id);
    rows.into_iter().map(|row| row.recipient).collect()
}

async fn by(house: &House, email: &'static str) -> Case {
    let opened = house.report(|report| {
        report.reporter = Some(NewContact {
            name: "Siti Rahmawati".into(),
            email: Some(email.into()),
            ..NewContact::default()
        });
    });
    opened.await.case
}

const OLD: &str = "zahra@lama.example";
const NEW: &str = "a.siti@baru.example";

engines! {
    async fn news_go_where_the_reporter_last_used_or_proved_an_address(kit) {
        let house = House::build(&kit.db).await;
        let (first, second) = (by(&house, OLD).await, by(&house, NEW).await);
        let (agent, other) = (house.agent.clone(), second.contact_id.expect("known"));
        let known = first.contact_id.expect("known");
        kit.db.write(move |tx| tanggap_contacts::adopt(tx, &agent, known, other))
            .await.expect("one person");
        // The first by the alphabet is not theirs by that.
        let id = first.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        assert_eq!(went_to(&house, id).await, [OLD, OLD]);
        // They write by the other one.
        let (system, case) = (Access::system(house.agency), first.clone());
        kit.db.write(move |tx| Ok(addresses::used(tx, &system, &case, ("email", NEW))?))
            .await.expect("used");
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        assert_eq!(went_to(&house, id).await, [OLD, OLD, NEW]);

        // A case that nothing was sent about goes by what was proved last.
        let system = Access::system(house.agency);
        for (address, later) in [(NEW, 1), (OLD, 2), (NEW, 3)] {
            kit.clock.set(kit.clock.now().plus(later * Timestamp::MINUTE));
            let access = system.clone();
            let told = kit.db.write(move |tx| {
                assert!(addresses::proved(tx, &access, ("email", address))?);
                let case = store::find(tx, &access, id)?.expect("there");
                Ok(addresses::of(tx, &access, &Case { id: CaseId(7), ..case }, "email")?)
            });
            let told = told.await.expect("an address");
            assert_eq!(told, Some(("Siti Rahmawati".into(), address.to_owned())));
        }
    }
}
