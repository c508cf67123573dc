//! The rules of sending, with a clock that stands still and a channel that does as it is told:
//! urgency, rate, quiet hours, suppression, receipts, another channel standing in, doubt, and two
//! nodes at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tanggap_app::work::gateways::{Gateway, Gateways, Handing};
use tanggap_app::work::outbound::{Dispatcher, fallback, receipts};
use tanggap_channels::exchange::{Accepted, InReceipt, NotSent, Outgoing, ReceiptState};
use tanggap_conversations::outbound::rules::{Assurance, ChannelRules, Fallback, Quiet};
use tanggap_conversations::outbound::suppressions::{self, Reason};
use tanggap_conversations::outbound::{OutboundId, office, settings};
use tanggap_conversations::{NewOutbound, Outbound, Priority, SendState, outbound};
use tanggap_kernel::{Access, AgencyId, Timestamp, params};
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::Ctx;

use crate::kit;

/// What the channel answers.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Take,
    /// In three parts.
    Cut,
    Throttle,
    Refuse,
    AccountRefused,
    Silence,
    /// Breaks before it hands anything over.
    Break,
}

/// A channel that keeps what it took, in order.
struct Channel {
    assurance: Assurance,
    window: usize,
    manner: Arc<Mutex<Manner>>,
    taken: Arc<Mutex<Vec<Outgoing>>>,
}

impl Channel {
    fn new(assurance: Assurance, window: usize) -> Arc<Self> {
        let (manner, taken) = (Arc::new(Mutex::new(Manner::Take)), Arc::default());
        Arc::new(Self { assurance, window, manner, taken })
    }

    fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().expect("no panic").iter().map(|out| out.to.clone()).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.taken.lock().expect("no panic").iter().map(|out| out.key.clone()).collect()
    }
}

impl Gateway for Channel {
    fn assurance(&self) -> Assurance {
        self.assurance
    }

    fn window(&self) -> usize {
        self.window
    }

    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>> {
        let (manner, taken) = (Arc::clone(&self.manner), Arc::clone(&self.taken));
        Box::pin(async move {
            let manner = *manner.lock().expect("no panic");
            assert!(manner != Manner::Break, "broken before");
            handing.over().await?;
            let why = || "katanya".to_owned();
            match manner {
                Manner::Take | Manner::Cut | Manner::Silence => {
                    let id = format!("luar-{}", outgoing.to);
                    taken.lock().expect("no panic").push(outgoing);
                    match manner {
                        Manner::Silence => Err(NotSent::Unsure { why: why() }),
                        Manner::Cut => {
                            let ids = ["a", "b", "c"].map(|part| format!("{id}-{part}"));
                            Ok(Accepted { external_ids: ids.to_vec() })
                        }
                        _ => Ok(Accepted { external_ids: vec![id] }),
                    }
                }
                Manner::Throttle => {
                    Err(NotSent::Later { after: Some(Duration::from_secs(90)), why: why() })
                }
                Manner::Refuse => {
                    let why = "5.1.1 tidak ada".to_owned();
                    Err(NotSent::Never { code: Some("550".into()), why })
                }
                Manner::AccountRefused => Err(NotSent::Account { why: why() }),
                Manner::Break => unreachable!("asserted above"),
            }
        })
    }
}

struct Stand {
    ctx: Ctx,
    agency: AgencyId,
    channel: Arc<Channel>,
    dispatcher: Dispatcher,
}

impl Stand {
    async fn new(kit: &TestDb, assurance: Assurance) -> Self {
        Self::with_window(kit, assurance, 4).await
    }

    async fn with_window(kit: &TestDb, assurance: Assurance, window: usize) -> Self {
        let ctx = kit::ctx(kit);
        let agency = kit::agency(&ctx).await;
        let channel = Channel::new(assurance, window);
        let gateways = Gateways::default();
        gateways.set_own("email", Arc::<Channel>::clone(&channel));
        let dispatcher = Dispatcher::new(ctx.clone(), gateways);
        Self { ctx, agency, channel, dispatcher }
    }

    async fn queue(&self, recipient: &str, priority: Priority) -> OutboundId {
        let (agency, recipient) = (self.agency, recipient.to_owned());
        let queued = self.ctx.db.write(move |tx| {
            let letter = NewOutbound {
                channel: "email",
                recipient: &recipient,
                subject: "Kabar",
                body: "Isi",
                priority,
                ..NewOutbound::default()
            };
            Ok(outbound::queue(tx, &Access::system(agency), &letter)?)
        });
        queued.await.expect("queued")
    }

    async fn row(&self, id: OutboundId) -> Outbound {
        let agency = self.agency;
        let read = self.ctx.db.read(move |tx| outbound::get(tx, &Access::system(agency), id));
        read.await.expect("there")
    }

    async fn rules(&self, channel: &'static str, rules: ChannelRules) {
        let agency = self.agency;
        let put = self
            .ctx
            .db
            .write(move |tx| settings::put(tx, &Access::system(agency), channel, 0, &rules));
        put.await.expect("rules");
    }

    async fn run(&self) -> usize {
        self.dispatcher.run_due().await.expect("ran")
    }

    async fn receipt(&self, told: InReceipt) -> bool {
        let agency = self.agency;
        let taken = self.ctx.db.write(move |tx| receipts::take_in(tx, agency, 0, &told));
        taken.await.expect("taken in")
    }
}

fn told(external_id: &str, state: ReceiptState) -> InReceipt {
    InReceipt { external_id: external_id.into(), key: None, state, at: None }
}

engines! {
    async fn the_most_urgent_goes_first_and_the_same_key_once(kit) {
        let stand = Stand::with_window(&kit, Assurance::Mute, 1).await;
        stand.queue("massal", Priority::Bulk).await;
        stand.queue("kabar", Priority::Ordinary).await;
        stand.queue("obrolan", Priority::Live).await;
        stand.queue("tanda-terima", Priority::Owed).await;
        for _ in 0..3 {
            stand.run().await;
        }
        assert_eq!(stand.channel.taken(), ["obrolan", "tanda-terima", "kabar", "massal"]);
        let agency = stand.agency;
        let twice = stand.ctx.db.write(move |tx| {
            let letter = NewOutbound { channel: "email", key: Some("x:1"), ..Default::default() };
            let access = Access::system(agency);
            Ok((outbound::queue(tx, &access, &letter)?, outbound::queue(tx, &access, &letter)?))
        });
        let (one, two) = twice.await.expect("queued");
        assert_eq!(one, two);
    }

    async fn a_channel_keeps_its_rate(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.rules("email", ChannelRules { per_second: Some(3), ..Default::default() }).await;
        for n in 0..10 {
            stand.queue(&format!("w{n}"), Priority::Ordinary).await;
        }
        let mut counts = Vec::new();
        for _ in 0..5 {
            stand.run().await;
            stand.run().await;
            counts.push(stand.channel.taken().len());
            kit.clock.set(kit.clock.now().plus(Timestamp::SECOND));
        }
        assert_eq!(counts, [3, 6, 9, 10, 10]);
    }

    async fn quiet_hours_hold_what_can_wait(kit) {
        let stand = Stand::with_window(&kit, Assurance::Mute, 1).await;
        let quiet = Quiet { from: 8 * 60, until: 10 * 60, binds: Priority::Ordinary };
        stand.rules("email", ChannelRules { quiet: Some(quiet), ..Default::default() }).await;
        // The clock stands at 09.00 in the agency's zone.
        stand.queue("kabar", Priority::Ordinary).await;
        stand.queue("obrolan", Priority::Live).await;
        stand.queue("tanda-terima", Priority::Owed).await;
        stand.run().await;
        assert_eq!(stand.channel.taken(), ["obrolan", "tanda-terima"]);
        kit.clock.set(kit.clock.now().plus(59 * Timestamp::MINUTE));
        stand.run().await;
        assert_eq!(stand.channel.taken().len(), 2);
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        stand.run().await;
        assert_eq!(stand.channel.taken().len(), 3);
    }

    async fn who_said_stop_is_not_written_to_until_lifted(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        let agency = stand.agency;
        let change = async |lift: bool| {
            stand.ctx.db.write(move |tx| {
                let access = Access::system(agency);
                match lift {
                    true => suppressions::lift(tx, &access, "email", "Budi@contoh.id"),
                    false => Ok(suppressions::add(
                        tx, &access, "email", " BUDI@contoh.id", Reason::Stop, "BERHENTI",
                    )?),
                }
            }).await.expect("changed");
        };
        change(false).await;
        change(false).await;
        let held = stand.queue("budi@contoh.id", Priority::Ordinary).await;
        let answer = stand.queue("budi@contoh.id", Priority::Live).await;
        stand.run().await;
        let row = stand.row(held).await;
        assert_eq!((row.state, row.error.as_deref()), (SendState::Suppressed, Some("stop")));
        assert_eq!(stand.row(answer).await.state, SendState::Sent);
        change(true).await;
        let again = stand.ctx.db.write(move |tx| {
            office::resend(tx, &Access::system(agency), &[held, held])
        });
        assert_eq!(again.await.expect("resent"), 1);
        stand.run().await;
        assert_eq!(stand.row(held).await.state, SendState::Sent);
    }

    async fn an_address_that_is_not_there_is_not_tried_again(kit) {
        let stand = Stand::new(&kit, Assurance::Folds).await;
        stand.channel.behave(Manner::Refuse);
        let first = stand.queue("salah@contoh.id", Priority::Ordinary).await;
        stand.run().await;
        let row = stand.row(first).await;
        assert_eq!((row.state, row.attempts), (SendState::Failed, 1));
        assert!(row.error.is_some_and(|error| error.contains("5.1.1")));
        stand.channel.behave(Manner::Take);
        let next = stand.queue("salah@contoh.id", Priority::Owed).await;
        stand.run().await;
        assert_eq!(stand.row(next).await.error.as_deref(), Some("bounce"));
        assert!(stand.channel.taken().is_empty());
    }

    async fn what_went_in_parts_is_there_when_all_of_them_are(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.channel.behave(Manner::Cut);
        let (whole, broken) =
            (stand.queue("w1", Priority::Live).await, stand.queue("w2", Priority::Live).await);
        stand.run().await;
        for (part, state) in [
            ("luar-w1-b", ReceiptState::Delivered),
            ("luar-w1-a", ReceiptState::Sent),
            ("luar-w1-b", ReceiptState::Delivered),
            ("luar-w1-c", ReceiptState::Delivered),
        ] {
            assert!(stand.receipt(told(part, state)).await);
            assert_eq!(stand.row(whole).await.state, SendState::Sent, "{part}");
        }
        assert!(stand.receipt(told("luar-w1-a", ReceiptState::Delivered)).await);
        assert_eq!(stand.row(whole).await.state, SendState::Delivered);
        let gone = ReceiptState::Failed { code: None, why: "EXPIRED".into() };
        assert!(stand.receipt(told("luar-w2-c", gone)).await);
        for part in ["luar-w2-a", "luar-w2-b"] {
            assert!(stand.receipt(told(part, ReceiptState::Delivered)).await);
        }
        let row = stand.row(broken).await;
        assert_eq!((row.state, row.error.as_deref()), (SendState::Failed, Some("EXPIRED")));
    }

    async fn receipts_of_all_parts_at_once_miss_none(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.channel.behave(Manner::Cut);
        for n in 0..12 {
            let to = format!("s{n}");
            let whole = stand.queue(&to, Priority::Live).await;
            stand.run().await;
            let came = ["a", "b", "c"].map(|part| {
                stand.receipt(told(&format!("luar-{to}-{part}"), ReceiptState::Delivered))
            });
            assert_eq!(futures_util::future::join_all(came).await, [true; 3]);
            assert_eq!(stand.row(whole).await.state, SendState::Delivered, "{to}");
        }
    }

    async fn receipts_find_their_message_by_id_or_key_and_never_go_back(kit) {
        let stand = Stand::with_window(&kit, Assurance::Tells, 1).await;
        let id = stand.queue("w1", Priority::Ordinary).await;
        stand.run().await;
        assert!(!stand.receipt(told("luar-lain", ReceiptState::Delivered)).await);
        for state in [ReceiptState::Read, ReceiptState::Delivered, ReceiptState::Sent] {
            assert!(stand.receipt(told("luar-w1", state)).await);
        }
        let row = stand.row(id).await;
        assert_eq!(row.state, SendState::Read);
        assert!(row.read_at.is_some() && row.delivered_at.is_some() && row.sent_at.is_some());
        // An answer that was lost, told by the receipt: it is not sent again.
        stand.channel.behave(Manner::Silence);
        let lost = stand.queue("w2", Priority::Ordinary).await;
        stand.run().await;
        let row = stand.row(lost).await;
        assert_eq!(row.state, SendState::Waiting);
        assert_eq!(row.due_at, kit.clock.now().plus(15 * Timestamp::MINUTE));
        let key = Some(lost.to_string());
        let by_key = InReceipt { key, ..told("luar-w2", ReceiptState::Delivered) };
        assert!(stand.receipt(by_key).await);
        kit.clock.set(kit.clock.now().plus(Timestamp::HOUR));
        stand.run().await;
        assert_eq!(stand.row(lost).await.state, SendState::Delivered);
        assert_eq!(stand.channel.taken(), ["w1", "w2"]);
    }

    async fn doubt_is_never_doubled_by_itself_where_nobody_can_tell(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.channel.behave(Manner::Silence);
        let id = stand.queue("w1", Priority::Owed).await;
        for _ in 0..3 {
            stand.run().await;
            kit.clock.set(kit.clock.now().plus(Timestamp::DAY));
        }
        assert_eq!(stand.row(id).await.state, SendState::Unsure);
        assert_eq!(stand.channel.taken().len(), 1);
        let agency = stand.agency;
        let counted = stand.ctx.db.write(move |tx| {
            let access = Access::system(agency);
            let standings = office::standings(tx, &access)?;
            Ok((standings[0].unsure, office::take_as_sent(tx, &access, &[id, id])?))
        });
        assert_eq!(counted.await.expect("decided"), (1, 1));
        assert_eq!(stand.row(id).await.state, SendState::Sent);
    }

    async fn where_the_key_goes_to_the_end_one_person_is_written_to_again(kit) {
        let stand = Stand::new(&kit, Assurance::Folds).await;
        stand.channel.behave(Manner::Silence);
        stand.queue("w2", Priority::Owed).await;
        stand.run().await;
        stand.channel.behave(Manner::Take);
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        stand.run().await;
        let keys = stand.channel.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    }

    async fn what_broke_before_it_was_handed_over_waits(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.channel.behave(Manner::Break);
        let id = stand.queue("w1", Priority::Bulk).await;
        stand.run().await;
        let row = stand.row(id).await;
        assert_eq!((row.state, row.attempts), (SendState::Waiting, 1));
        stand.channel.behave(Manner::Take);
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        stand.run().await;
        assert_eq!(stand.row(id).await.state, SendState::Sent);
    }

    async fn a_provider_that_asks_for_time_gets_it_and_a_refused_account_costs_no_try(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        stand.channel.behave(Manner::Throttle);
        for n in 0..20 {
            stand.queue(&format!("w{n}"), Priority::Ordinary).await;
        }
        let first = stand.run().await;
        assert!(first <= 4, "{first} were thrown at it");
        stand.channel.behave(Manner::Take);
        kit.clock.set(kit.clock.now().plus(80 * Timestamp::SECOND));
        assert_eq!(stand.run().await, 0);
        kit.clock.set(kit.clock.now().plus(11 * Timestamp::SECOND));
        assert_eq!(stand.run().await, 20);
        stand.channel.behave(Manner::AccountRefused);
        let id = stand.queue("w20", Priority::Ordinary).await;
        stand.run().await;
        let row = stand.row(id).await;
        assert_eq!((row.state, row.attempts), (SendState::Waiting, 0));
        assert_eq!(row.error.as_deref(), Some("katanya"));
        stand.channel.behave(Manner::Take);
        assert_eq!(stand.run().await, 0);
        kit.clock.set(kit.clock.now().plus(5 * Timestamp::MINUTE));
        assert_eq!(stand.run().await, 1);
    }

    async fn two_nodes_send_each_message_once(kit) {
        let stand = Stand::new(&kit, Assurance::Mute).await;
        for n in 0..40 {
            stand.queue(&format!("w{n}"), Priority::Bulk).await;
        }
        let gateways = Gateways::default();
        gateways.set_own("email", Arc::<Channel>::clone(&stand.channel));
        let other = Dispatcher::new(stand.ctx.clone(), gateways);
        for _ in 0..3 {
            let (one, two) = tokio::join!(stand.dispatcher.run_due(), other.run_due());
            one.and(two).expect("ran");
            kit.clock.set(kit.clock.now().plus(10 * Timestamp::SECOND));
        }
        let mut taken = stand.channel.taken();
        assert_eq!(taken.len(), 40);
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), 40);
    }

    async fn another_channel_stands_in_once(kit) {
        let stand = Stand::new(&kit, Assurance::Tells).await;
        let rule = Fallback { channel: "sms".into(), after_minutes: Some(30) };
        stand.rules("email", ChannelRules { fallback: Some(rule), ..Default::default() }).await;
        let case = case_with_phone(&stand).await;
        let receipt = first_of(&stand, case).await;
        stand.run().await;
        assert_eq!(stand.row(receipt).await.state, SendState::Sent);
        // No receipt for half an hour.
        kit.clock.set(kit.clock.now().plus(31 * Timestamp::MINUTE));
        let runner = fallback::register(Runner::new(stand.ctx.db.clone()));
        runner.run_due().await.expect("ran");
        // A receipt of failure afterwards does not send a second one.
        assert!(stand.receipt(told("luar-budi@contoh.id", ReceiptState::Failed {
            code: Some("131026".into()),
            why: "tidak sampai".into(),
        })).await);
        let agency = stand.agency;
        let all = stand.ctx.db.read(move |tx| {
            Ok(outbound::of_case(tx, &Access::system(agency), case)?)
        });
        let all = all.await.expect("read");
        let standing: Vec<_> = all.iter().filter(|row| row.channel == "sms").collect();
        assert_eq!(standing.len(), 1);
        assert_eq!(standing[0].recipient, "+6281234567890");
        assert_eq!(standing[0].instead_of, Some(receipt));
        assert!(standing[0].body.contains("/lacak/TGP-"), "{}", standing[0].body);
        assert!(standing[0].body.chars().count() <= 160, "one part: {}", standing[0].body);
    }
}

/// A case whose reporter left a mail address and a number, and an account for text messages.
async fn case_with_phone(stand: &Stand) -> i64 {
    use tanggap_calendar::Kind;
    use tanggap_cases::actions;
    use tanggap_cases::report::{Report, Ticket};
    use tanggap_contacts::NewContact;
    let (agency, ticket) = (stand.agency, Ticket::draw(&stand.ctx.secrets).expect("a ticket"));
    let opened = stand.ctx.db.write(move |tx| {
        let account = "insert into channel_accounts (agency_id, id, channel, name, address,
            settings, secrets, active, created_at, version)
            values ($1, 7, 'sms', 'SMS', '1708', '{}', $2, $3, 0, 1)";
        tx.ad_hoc(account, params![agency, Vec::<u8>::new(), true], |_| Ok(()))?;
        let mut report =
            Report::new(Kind::Complaint, "Lampu padam", "Sejak Senin.", ticket.clone());
        report.reporter = Some(NewContact {
            name: "Budi".into(),
            email: Some("budi@contoh.id".into()),
            phone: Some("+6281234567890".into()),
            ..NewContact::default()
        });
        let writer = Access::citizen(agency, tanggap_kernel::Locale::Id);
        Ok(actions::open(tx, &writer, &report)?.case.id.0)
    });
    opened.await.expect("opened")
}

async fn first_of(stand: &Stand, case: i64) -> OutboundId {
    let agency = stand.agency;
    let text = "select id from outbound where agency_id = $1 and case_id = $2 order by id limit 1";
    let found =
        stand.ctx.db.read(move |tx| Ok(tx.ad_hoc(text, params![agency, case], |row| row.int())?));
    found.await.expect("read")[0]
}
