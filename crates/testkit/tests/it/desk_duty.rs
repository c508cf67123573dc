//! Presence, offers and queues through the desk's routes, on both engines.

use axum::http::StatusCode;
use tanggap_kernel::{Access, Timestamp};
use tanggap_routing::actions::{self, NewItem};
use tanggap_routing::settings::{self, AgentInput, QueueInput};
use tanggap_routing::{ItemId, Kind, Match, store};
use tanggap_store::Tx;
use tanggap_testkit::engines;

use crate::desk::Desk;

/// Rings a new case at the agent.
async fn ring(desk: &Desk, subject: i64) -> ItemId {
    let (access, user) = (Access::system(desk.house.agency), desk.house.agent.user());
    let user = user.expect("a person");
    let run = move |tx: &mut Tx<'_>| {
        let queue = match store::queues(tx, &access)?.first() {
            Some(queue) => queue.id,
            None => settings::create_queue(tx, &access, &QueueInput::live("Obrolan"))?,
        };
        let serves = AgentInput { queues: vec![queue], skills: vec![], capacity: 100 };
        settings::set_agent(tx, &access, user, &serves)?;
        let channel = "web";
        let new = NewItem {
            kind: Kind::Case,
            subject,
            queue,
            channel,
            needs: vec![],
            priority: false,
            last_agent: None,
        };
        let item = actions::enqueue(tx, &access, &new)?;
        let (item, agent) = (store::item(tx, &access, item)?, store::agent(tx, &access, user)?);
        let found = Match {
            item: item.id,
            item_version: item.version,
            agent: user,
            agent_version: agent.expect("an agent").version,
        };
        assert!(actions::offer(tx, &access, &found)?);
        Ok(item.id)
    };
    desk.house.db.write(run).await.expect("it rings")
}

engines! {
    async fn what_rings_is_taken_at_the_desk_and_the_case_is_theirs(kit) {
        let desk = Desk::open(&kit).await;
        let case = desk.house.report(|_| {}).await.case;
        let mut agent = desk.browser(&desk.house.agent).await;
        let page = agent.get("/kehadiran").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Tidak bertugas"), "{}", page.body);
        let ready = agent.post("/kehadiran", &[("presence", "ready")]).await;
        assert_eq!((ready.status, ready.location.as_str()), (StatusCode::SEE_OTHER, "/kehadiran"));
        let item = ring(&desk, case.id.0).await;
        let page = agent.get("/kehadiran").await;
        assert!(page.body.contains("Ada yang menunggu Anda"), "{}", page.body);
        assert!(page.body.contains("Jalan berlubang"));
        // Somebody else cannot take it.
        let mut other = desk.browser(&desk.house.supervisor).await;
        assert_eq!(other.get("/kehadiran").await.status, StatusCode::OK);
        let taken = other.post(&format!("/tawaran/{item}/terima"), &[]).await;
        assert_eq!(taken.location, "/kehadiran", "told that it does not ring there");
        let taken = agent.post(&format!("/tawaran/{item}/terima"), &[]).await;
        assert!(taken.location.starts_with("/meja/TGP-"), "{}", taken.location);
        let access = desk.house.agent.clone();
        let found = desk.house.db.read(move |tx| {
            tanggap_cases::actions::load(tx, &access, case.id)
        }).await.expect("the case");
        assert_eq!(found.owner_id, desk.house.agent.user());
        let page = agent.get("/kehadiran").await;
        assert!(page.body.contains("Melayani") && page.body.contains("Sedang Anda tangani"));
        // The supervisor sees who is at what.
        let board = other.get("/antrean").await;
        assert_eq!(board.status, StatusCode::OK);
        assert!(board.body.contains("Obrolan") && board.body.contains("agen"), "{}", board.body);
        assert_eq!(agent.get("/antrean").await.status, StatusCode::FORBIDDEN);
        let done = agent.post(&format!("/tugas/{item}/selesai"), &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        assert!(agent.get("/kehadiran").await.body.contains("Mencatat"));
    }

    async fn an_offer_is_declined_with_a_reason_and_comes_too_late_afterwards(kit) {
        let desk = Desk::open(&kit).await;
        let case = desk.house.report(|_| {}).await.case;
        let mut agent = desk.browser(&desk.house.agent).await;
        agent.get("/kehadiran").await;
        agent.post("/kehadiran", &[("presence", "ready")]).await;
        let item = ring(&desk, case.id.0).await;
        let path = format!("/tawaran/{item}/tolak");
        let without = agent.post(&path, &[("reason", "")]).await;
        assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
        let declined = agent.post(&path, &[("reason", "concerned")]).await;
        assert_eq!(declined.status, StatusCode::SEE_OTHER);
        kit.clock.set(kit.clock.now().plus(Timestamp::SECOND));
        let late = agent.post(&format!("/tawaran/{item}/terima"), &[]).await;
        assert_eq!((late.status, late.location.as_str()), (StatusCode::SEE_OTHER, "/kehadiran"));
        assert!(!agent.get("/kehadiran").await.body.contains("Ada yang menunggu Anda"));
    }
}
