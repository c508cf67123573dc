//! The doors themselves, on both engines: who is kept waiting, what ends with a PIN, what may not
//! be guessed or moved.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tanggap_cases::mine::{self, Address, OneTime};
use tanggap_cases::report::{Ticket, hash_pin};
use tanggap_kernel::{Access, Locale, Timestamp};
use tanggap_org::{NewUser, Role, RoleGrant, sessions};
use tanggap_portal::invite::{self, Invitation};
use tanggap_portal::pow;
use tanggap_testkit::engines;
use tanggap_ui::ctx::Secrets;
use tower::ServiceExt as _;

use crate::browser::{Browser, Got};
use crate::house::House;

const PIN: &str = "135790";
const SITI: &str = "siti@contoh.id";

/// A report of Siti's with a known PIN.
async fn report(house: &House, secrets: &Secrets) -> tanggap_cases::model::Case {
    let opened = house.report(|report| {
        let code = report.ticket.code.clone();
        let pin_hash = hash_pin(secrets, &code, PIN);
        report.ticket = Ticket { code, pin: PIN.into(), pin_hash };
        report.reporter = Some(tanggap_contacts::NewContact {
            name: "Siti".into(),
            email: Some(SITI.into()),
            ..Default::default()
        });
    });
    opened.await.case
}

async fn enter(browser: &mut Browser, code: &str, pin: &str) -> Got {
    browser.get("/lacak").await;
    let fields = [("kode".to_owned(), code.to_owned()), ("pin".to_owned(), pin.to_owned())];
    browser.post("/lacak", &fields).await
}

engines! {
    async fn right_entries_keep_nobody_of_their_network_waiting_and_wrong_ones_do(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let case = report(&house, &browser.ctx().secrets).await;
        browser.address = Some(IpAddr::from([10, 20, 30, 40]));
        for n in 0..60 {
            let entered = enter(&mut browser, &case.code, PIN).await;
            assert_eq!(entered.status, StatusCode::SEE_OTHER, "{n}");
        }
        // One subscriber has all addresses of a /64, and is one.
        let mut refused = None;
        for n in 0..60 {
            let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, n);
            browser.address = Some(IpAddr::from(address));
            let code = format!("TGP-222-222-{n}");
            if enter(&mut browser, &code, "000000").await.status == StatusCode::TOO_MANY_REQUESTS {
                refused = refused.or(Some(n));
            }
        }
        assert_eq!(refused, Some(50), "fifty are free");
        browser.address = Some(IpAddr::from([10, 20, 30, 40]));
        let other = enter(&mut browser, &case.code, PIN).await;
        assert_eq!(other.status, StatusCode::SEE_OTHER, "another network waits for nobody");
    }

    async fn a_new_pin_ends_what_the_old_one_opened(kit) {
        let house = House::build(&kit.db).await;
        let mut old = Browser::new(&kit);
        let secrets = old.ctx().secrets.clone();
        let case = report(&house, &secrets).await;
        let path = format!("/lacak/{}", case.code);
        let at = kit.clock.now().as_micros();
        let to = Invitation { agency: house.agency.0, case: case.id.0, at };
        let link = invite::link(&secrets, "", &to);
        let mut invited = old.stranger();
        // Another site that sends the form leads nobody into a report.
        let led = invited.post_alone(&link, &[]).await;
        assert_eq!(led.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", led.body);
        assert!(!invited.get(&path).await.body.contains("Jalan berlubang"));
        assert_eq!(invited.get(&link).await.status, StatusCode::OK);
        assert_eq!(invited.post(&link, &[]).await.location, path);
        enter(&mut old, &case.code, PIN).await;
        for browser in [&mut old, &mut invited] {
            assert!(browser.get(&path).await.body.contains("Jalan berlubang"));
        }
        let arus = format!("{path}/arus");
        let stream = old.open(&arus, "", "").await;
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        let (citizen, of, id) = (house.citizen(), secrets.clone(), case.id);
        let pin = OneTime::draw().expect("a PIN");
        let renewed = kit.db.write(move |tx| {
            let address = Address::parse(SITI).expect("an address");
            mine::renew_pin(tx, &citizen, &of, &address, id, &pin)
        });
        renewed.await.expect("renewed");
        // Who had the old one hears nothing any more of when something happens.
        let heard = tokio::time::timeout(Duration::from_secs(10), to_bytes(stream, 1 << 20)).await;
        assert!(heard.expect("the stream ends").is_ok());
        assert_eq!(old.get(&arus).await.status, StatusCode::NO_CONTENT);
        for browser in [&mut old, &mut invited] {
            let seen = browser.get(&path).await;
            assert!(!seen.body.contains("Jalan berlubang"), "{}", seen.body);
        }
        let mut late = old.stranger();
        assert_eq!(late.get(&link).await.status, StatusCode::GONE);
        assert_eq!(late.post(&link, &[]).await.status, StatusCode::GONE);
        // A letter that is written afterwards opens it.
        let at = kit.clock.now().as_micros();
        let link = invite::link(&secrets, "", &Invitation { at, ..to });
        assert_eq!(late.get(&link).await.status, StatusCode::OK);
        assert_eq!(late.post(&link, &[]).await.location, path);
        assert!(late.get(&path).await.body.contains("Jalan berlubang"));
        let left = late.post("/lacak/keluar", &[]).await;
        assert_eq!(left.headers["clear-site-data"], "\"cache\"");
        assert!(!late.get(&path).await.body.contains("Jalan berlubang"));
    }

    async fn no_digit_of_a_proof_becomes_part_of_its_time(kit) {
        House::build(&kit.db).await;
        let ctx = Browser::new(&kit).ctx();
        let task = pow::draw(&ctx).expect("a challenge");
        let sent = pow::solve(&task);
        assert!(pow::check(&ctx, &sent).is_some());
        let proof = STANDARD.decode(&sent).expect("base64");
        let proof: serde_json::Value = serde_json::from_slice(&proof).expect("JSON");
        let number = proof["number"].as_u64().expect("a number").to_string();
        let salt = &task.salt;
        for (salt, number) in [
            (format!("{salt}{}", &number[..1]), number[1..].parse().unwrap_or(0_u64)),
            (salt.trim_end_matches('&').to_owned(), number.parse().expect("a number")),
        ] {
            let mut moved = proof.clone();
            moved["salt"] = salt.into();
            moved["number"] = number.into();
            assert!(pow::check(&ctx, &STANDARD.encode(moved.to_string())).is_none(), "{moved}");
        }
        let now = kit.clock.now();
        kit.clock.set(now.plus(3 * Timestamp::HOUR));
        assert!(pow::check(&ctx, &sent).is_none(), "too old");
        kit.clock.set(now.plus(-Timestamp::HOUR));
        assert!(pow::check(&ctx, &sent).is_none(), "none is good for so long");
    }

    async fn an_inspector_reads_nothing_of_a_complaint_about_their_own_unit(kit) {
        let house = House::build(&kit.db).await;
        let (roads, agency) = (house.roads, house.agency);
        let about = house.report(|report| report.reported_unit = Some(roads)).await.case;
        let other = house.report(|_| ()).await.case;
        let reads = async |name: &str, unit_id, path: String| {
            let input = NewUser {
                email: format!("{name}@uji.example"),
                name: name.into(),
                title: String::new(),
                unit_id,
                password_hash: "!".into(),
                is_temporary: false,
                locale: Locale::Id,
                roles: vec![RoleGrant { role: Role::Inspector, unit_id: None }],
            };
            let secret = sessions::secret(std::array::from_fn(|n| name.as_bytes()[n % name.len()]));
            let hash = sessions::hash(&secret);
            let begun = kit.db.write(move |tx| {
                let system = Access::system(agency);
                let known = tanggap_org::user_by_email(tx, &system, &input.email)?;
                let user = match known {
                    Some(user) => user,
                    None => {
                        let id = tanggap_org::create_user(tx, &system, &input)?;
                        let user = tanggap_org::user(tx, &system, id)?.expect("just made");
                        let access = tanggap_org::access_of(tx, agency, &user)?;
                        sessions::begin(tx, &access, &hash, "uji")?;
                        user
                    }
                };
                tanggap_org::access_of(tx, agency, &user)
            });
            begun.await.expect("signed in");
            let app = tanggap_org::routes().with_state(Browser::new(&kit).ctx());
            let request = Request::get(path).header("cookie", format!("sesi={secret}"));
            let answer = app.oneshot(request.body(Body::empty()).expect("a request")).await;
            let body = to_bytes(answer.expect("an answer").into_body(), 1 << 24).await;
            String::from_utf8(body.expect("a body").to_vec()).expect("text")
        };
        let (hidden, shown) = (about.id.to_string(), other.id.to_string());
        for page in ["/audit", "/audit.csv"] {
            let own = reads("terlapor", Some(roads), page.to_owned()).await;
            assert!(own.contains(&shown), "{page}: {own}");
            assert!(!own.contains(&hidden) && !own.contains(&about.code), "{page}: {own}");
            let free = reads("bebas", Some(house.health), page.to_owned()).await;
            assert!(free.contains(&shown) && free.contains(&hidden), "{page}: {free}");
        }
        for typed in [about.code.clone(), hidden.clone()] {
            let path = format!("/audit.csv?subjek={typed}");
            let own = reads("terlapor", Some(roads), path.clone()).await;
            assert!(!own.contains("case.opened") && !own.contains(&hidden), "{own}");
            assert!(reads("bebas", Some(house.health), path).await.contains(&hidden));
        }
    }
}
