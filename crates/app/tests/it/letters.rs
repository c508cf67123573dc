//! Letters that may be ended by one click, and those that are owed in any case.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures_util::future::BoxFuture;
use tanggap_app::Front;
use tanggap_app::work::gateways::{Gateway, Gateways, Handing};
use tanggap_app::work::outbound::Dispatcher;
use tanggap_channels::exchange::{Accepted, NotSent, Outgoing};
use tanggap_conversations::outbound::rules::Assurance;
use tanggap_conversations::{NewOutbound, Priority, SendState, outbound};
use tanggap_kernel::{Access, params};
use tanggap_testkit::engines;
use tanggap_ui::ctx::Site;

use crate::kit::{TestApp, request};

/// Takes everything and shows it.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Outgoing>>>);

impl Gateway for Shelf {
    fn assurance(&self) -> Assurance {
        Assurance::Folds
    }

    fn window(&self) -> usize {
        4
    }

    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>> {
        let shelf = self.0.clone();
        Box::pin(async move {
            handing.over().await?;
            shelf.lock().expect("no panic").push(outgoing);
            Ok(Accepted::default())
        })
    }
}

async fn queue(app: &TestApp, priority: Priority, by_person: bool) {
    let agency = app.agency;
    let write = app.ctx.db.write(move |tx| {
        let extra = outbound::Extra { by_person, ..outbound::Extra::default() };
        let letter = NewOutbound {
            channel: "email",
            recipient: "Budi@contoh.id",
            subject: "Kabar",
            body: "Ada kabar.",
            priority,
            extra,
            ..NewOutbound::default()
        };
        Ok(outbound::queue(tx, &Access::system(agency), &letter)?)
    });
    write.await.expect("queued");
}

engines! {
    async fn one_click_ends_news_and_nothing_that_is_owed(kit) {
        let mut app = TestApp::new(kit, Front::default()).await;
        let base_url = "https://uji.go.id".to_owned();
        app.ctx.site = Arc::new(Site { base_url, ..Site::clone(&app.ctx.site) });
        let (shelf, gateways) = (Shelf::default(), Gateways::default());
        gateways.set_own("email", Arc::new(shelf.clone()));
        let dispatcher = Dispatcher::new(app.ctx.clone(), gateways);
        let sent = async || {
            dispatcher.run_due().await.expect("ran");
            std::mem::take(&mut *shelf.0.lock().expect("no panic"))
        };
        let stop = |letter: &Outgoing| letter.letterhead.clone().expect("a letter").unsubscribe;

        queue(&app, Priority::Owed, false).await;
        queue(&app, Priority::Ordinary, true).await;
        assert!(sent().await.iter().all(|letter| stop(letter).is_none()), "owed, or a person's");
        queue(&app, Priority::Ordinary, false).await;
        let news = sent().await;
        let head = news[0].letterhead.clone().expect("a letter");
        assert_eq!(head.agency, "Pemerintah Kabupaten Uji");
        let link = stop(&news[0]).expect("a link").replace("https://uji.go.id", "");

        // Looking changes nothing; the button does, and a mail program's own POST.
        let page = app.get(&link).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Budi@contoh.id"), "{}", page.body);
        queue(&app, Priority::Ordinary, false).await;
        assert_eq!(sent().await.len(), 1);
        let click = request(Method::POST, &link)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("List-Unsubscribe=One-Click"));
        let done = app.send(click.expect("a request")).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        let mut forged = link.clone();
        forged.pop();
        assert_eq!(app.get(&forged).await.status, StatusCode::NOT_FOUND);

        queue(&app, Priority::Ordinary, false).await;
        queue(&app, Priority::Owed, false).await;
        let after = sent().await;
        assert_eq!(after.len(), 1, "what is owed goes out in any case");
        assert!(stop(&after[0]).is_none());
        let held = SendState::Suppressed.as_str();
        let count = app.ctx.db.read(move |tx| {
            let text = "select count(*) from outbound where state = $1";
            Ok(tx.ad_hoc(text, params![held], |row| row.int::<i64>())?)
        });
        assert_eq!(count.await.expect("counted"), vec![1_i64]);
    }
}
