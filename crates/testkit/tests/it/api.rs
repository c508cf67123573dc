//! The HTTP API by its contract: what is registered, refused, done once, hidden and counted.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tanggap_kernel::{Access, Timestamp};
use tanggap_org::{self as org, NewAgency, TokenScope};
use tanggap_testkit::engines;

use crate::api_client::{Api, WORKING, report, token};
use crate::house::House;

engines! {
    async fn a_report_is_registered_with_code_pin_receipt_and_deadlines(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let mut body = report();
        body["place"] = json!("Pasar Baru");
        body["region_code"] = json!("33.74.01.1001");
        body["details"] = json!({ "service_date": "2026-10-01", "wish": "Ditambal", "loss": null });
        body["anonymous"] = json!(true);
        let created = api.post("/api/v1/cases", body).await.ok(201);
        let case = &created.body;
        let code = case["code"].as_str().expect("a code");
        assert_eq!(created.header("location"), format!("/api/v1/cases/{code}"));
        assert_eq!(tanggap_kernel::code::parse(code).as_deref(), Some(code));
        let pin = case["pin"].as_str().expect("a PIN");
        assert!(pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()));
        let hash = tanggap_cases::report::hash_pin(&api.ctx.secrets, code, pin);
        let access = Access::system(house.agency);
        let found = code.to_owned();
        let kept = kit.db.read(move |tx| {
            let case = tanggap_cases::actions::load_by_code(tx, &access, &found)?;
            Ok(tanggap_cases::store::pin_hash(tx, &access, case.id)?)
        });
        assert_eq!(kept.await.expect("kept"), hash);
        assert_eq!((&case["status"], &case["category"], &case["channel"]),
            (&json!("received"), &json!("umum"), &json!("api")));
        assert_eq!((&case["anonymous"], &case["confidential"]), (&json!(true), &json!(false)));
        assert_eq!(case["receipt"]["number"], code);
        assert_eq!(case["receipt"]["received_at"], "2026-10-14T09:00:00+07:00");
        assert_eq!(case["receipt"]["received_by"], "Kabupaten Uji");
        // Wednesday 14 October 2026: three working days are the Monday after.
        let deadlines = case["deadlines"].as_array().expect("deadlines");
        let verify = deadlines.iter().find(|d| d["policy"] == "SP4N_VERIFY").expect("a deadline");
        assert_eq!(verify["due_date"], "2026-10-19");
        assert_eq!(verify["due_at"], "2026-10-19T23:59:59+07:00");
        assert!(verify["source"].as_str().is_some_and(|source| source.contains("SP4N")));

        let read = api.get(&format!("/api/v1/cases/{}", code.to_lowercase())).await.ok(200);
        assert_eq!((&read.body["code"], &read.body["place"]), (&json!(code), &json!("Pasar Baru")));
        assert!(read.body.get("pin").is_none());
        assert_eq!(api.get("/api/v1/cases/TGP-222-222-222").await.problem(404), [""; 0]);
        assert_eq!(api.get("/api/v1/cases/%FF").await.problem(404), [""; 0]);
    }

    async fn what_is_wrong_is_told_by_field_and_in_the_readers_language(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let wrong = json!({
            "kind": "rumor", "subject": "x".repeat(161), "category": 7, "anonymous": "ya",
            "reporter": { "phone": "12", "email": "surel", "nik": "1" }, "extra": 1,
        });
        let mut fields = api.post("/api/v1/cases", wrong).await.problem(422);
        fields.sort_unstable();
        assert_eq!(fields, [
            "anonymous", "category", "description", "extra", "kind", "reporter.email",
            "reporter.nik", "reporter.phone", "subject",
        ]);
        let mut unknown = report();
        unknown["category"] = json!("tidak-ada");
        assert_eq!(api.post("/api/v1/cases", unknown).await.problem(422), ["category"]);
        assert_eq!(api.post("/api/v1/cases", json!([])).await.problem(422), [""]);

        let raw = |kind: &'static str, body: &'static [u8]| {
            let request = Request::post("/api/v1/cases")
                .header("authorization", format!("Bearer {}", api.token))
                .header("content-type", kind)
                .header("accept-language", "en-GB, id;q=0.5")
                .body(Body::from(body));
            api.send(request.expect("a request"))
        };
        let malformed = raw("application/json", b"{\"kind\":").await;
        malformed.problem(400);
        assert_eq!(malformed.header("content-language"), "en");
        assert_eq!(malformed.body["title"], "The request cannot be read");
        raw("application/json", b"{\"subject\":\"\\ud800\"}").await.problem(400);
        raw("application/json", b"{\"subject\":\"\xff\"}").await.problem(400);
        raw("application/json", b"{\"subject\":1e999}").await.problem(400);
        raw("text/plain", b"{}").await.problem(415);
        raw("application/json; charset=latin1", b"{}").await.problem(415);
        static LARGE: [u8; 600_000] = [b' '; 600_000];
        raw("application/json", &LARGE).await.problem(413);

        for path in ["/api", "/api/", "/api/v2", "/api/v1/cases/", "/api/v1/x%00y"] {
            api.get(path).await.problem(404);
        }
        let wrong = api.call(Method::DELETE, "/api/v1/cases", None, "").await;
        wrong.problem(405);
        assert_eq!(wrong.header("allow"), "GET,HEAD,POST");
        let options = api.call(Method::OPTIONS, "/api/v1/cases", None, "").await;
        assert_eq!((options.status, options.header("allow")),
            (StatusCode::NO_CONTENT, "GET,HEAD,POST"));
        assert_eq!(options.header("access-control-allow-origin"), "");
        let head = api.call(Method::HEAD, "/api/v1/cases", None, "").await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    }

    async fn odd_text_is_kept_without_harm(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let mut body = report();
        body["subject"] = json!("\u{0}\u{202e}<script>😀\u{7f}");
        body["description"] = json!("a\u{0}b\nc\u{1b}[31m");
        body["reporter"] = Value::Null;
        // One line that goes on in another is a header of its own in a letter.
        assert_eq!(api.post("/api/v1/cases", body.clone()).await.problem(422), ["subject"]);
        body["subject"] = json!("\u{fffd}\u{202e}<script>😀");
        let created = api.post("/api/v1/cases", body).await.ok(201);
        assert_eq!(created.body["subject"], "\u{fffd}\u{202e}<script>😀");
        let code = created.body["code"].as_str().expect("a code");
        let messages = api.get(&format!("/api/v1/cases/{code}/messages")).await.ok(200);
        assert_eq!(messages.body["items"][0]["body"], "a\u{fffd}b\nc\u{fffd}[31m");
        let found = api.get("/api/v1/cases?q=%00%EF%BF%BD'%22*%20OR").await.ok(200);
        assert_eq!(found.body["next_cursor"], Value::Null);
    }

    async fn the_same_key_does_the_same_thing_once(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let together = (0..12).map(|_| {
            let api = api.clone();
            tokio::spawn(async move {
                api.call(Method::POST, "/api/v1/cases", Some(report()), "kunci-1").await.ok(201)
            })
        });
        let together: Vec<_> = together.collect();
        let mut answers = Vec::new();
        for one in together {
            answers.push(one.await.expect("an answer"));
        }
        let first = &answers[0];
        assert!(answers.iter().all(|answer| answer.text == first.text));
        assert!(answers.iter().all(|a| a.header("location") == first.header("location")));
        let replayed = answers.iter().filter(|a| a.header("idempotency-replayed") == "true");
        assert_eq!(replayed.count(), 11);
        let code = first.body["code"].as_str().expect("a code").to_owned();
        let pin = first.body["pin"].as_str().expect("a PIN");
        let hash = tanggap_cases::report::hash_pin(&api.ctx.secrets, &code, pin).to_vec();
        let access = Access::system(house.agency);
        let kept = kit.db.read(move |tx| {
            let case = tanggap_cases::actions::load_by_code(tx, &access, &code)?;
            let kept = tanggap_cases::store::pin_hash(tx, &access, case.id)?;
            let stored = tx.ad_hoc("select body from idempotency_keys", &[], |row| row.text())?;
            Ok((kept, stored))
        });
        let (kept, stored) = kept.await.expect("kept");
        assert_eq!(kept, hash);
        assert!(stored.len() == 1 && !stored[0].contains(pin), "the PIN is kept nowhere");
        assert_eq!(api.get("/api/v1/cases?count=true").await.body["total"], 1);

        let mut other = report();
        other["subject"] = json!("Lampu mati");
        let refused = api.call(Method::POST, "/api/v1/cases", Some(other.clone()), "kunci-1").await;
        refused.problem(409);
        // Another token's keys are its own, and what was refused leaves its key free.
        let second = api.with(house.agency, &WORKING).await;
        second.call(Method::POST, "/api/v1/cases", Some(other.clone()), "kunci-1").await.ok(201);
        other["kind"] = json!("rumor");
        api.call(Method::POST, "/api/v1/cases", Some(other.clone()), "kunci-2").await.problem(422);
        other["kind"] = json!("aspiration");
        api.call(Method::POST, "/api/v1/cases", Some(other.clone()), "kunci-2").await.ok(201);
        api.call(Method::POST, "/api/v1/cases", Some(other), &"k".repeat(256)).await.problem(400);
    }

    async fn a_case_goes_its_way_and_illegal_or_stale_moves_are_refused(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let code = api.report("Jalan berlubang").await;
        let read = api.get(&format!("/api/v1/cases/{code}")).await.ok(200);
        assert_eq!(read.body["version"], 1);
        let asked = json!({ "action": "answer", "reason": "Selesai." });
        api.transition(&code, asked).await.problem(409);
        let asked = json!({ "action": "verify", "version": 1 });
        let verified = api.transition(&code, asked).await.ok(200);
        assert_eq!((&verified.body["status"], &verified.body["version"]),
            (&json!("verified"), &json!(2)));
        let asked = json!({ "action": "forward", "unit": "PUPR", "version": 1 });
        let stale = api.transition(&code, asked);
        stale.await.problem(409);
        let nowhere = json!({ "action": "forward", "unit": "TIDAK-ADA", "version": 2 });
        assert_eq!(api.transition(&code, nowhere).await.problem(409), ["unit"]);
        let nobody = json!({ "action": "concern", "unit": "TIDAK-ADA", "version": 2 });
        assert_eq!(api.transition(&code, nobody).await.problem(409), ["unit"]);
        let forward = json!({
            "action": "forward", "unit": "PUPR", "reason": "Mohon ditinjau.", "version": 2,
        });
        let path = format!("/api/v1/cases/{code}/transitions");
        let once = api.call(Method::POST, &path, Some(forward.clone()), "k").await.ok(200);
        let again = api.call(Method::POST, &path, Some(forward), "k").await.ok(200);
        assert_eq!(once.text, again.text);
        assert_eq!((&once.body["status"], &once.body["unit"]["code"]),
            (&json!("forwarded"), &json!("PUPR")));
        api.transition(&code, json!({ "action": "return" })).await.problem(422);
        let back = json!({ "action": "return", "reason": "Kewenangan provinsi.", "unit": null });
        assert_eq!(api.transition(&code, back).await.ok(200).body["unit"], Value::Null);
        let by_id = json!({ "action": "forward", "unit": house.roads.to_string() });
        api.transition(&code, by_id).await.ok(200);
        api.transition(&code, json!({ "action": "accept" })).await.ok(200);
        let asked = json!({ "action": "answer", "text": "Sudah ditambal." });
        api.transition(&code, asked).await.ok(200);
        let closed = api.transition(&code, json!({ "action": "confirm" })).await.ok(200);
        assert_eq!(closed.body["status"], "closed");
        let reopen = json!({ "action": "reopen", "reason": "Masih berlubang." });
        assert_eq!(api.transition(&code, reopen).await.ok(200).body["status"], "in_progress");
        let asked = json!({ "action": "hapus" });
        assert_eq!(api.transition(&code, asked).await.problem(422), ["action"]);
        assert_eq!(api.transition(&code, json!({})).await.problem(422), ["action"]);

        let events = api.get(&format!("/api/v1/cases/{code}/events?limit=100")).await.ok(200);
        let kinds: Vec<&str> = events.body["items"].as_array().expect("events")
            .iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!(kinds, [
            "case.received", "case.verified", "case.forwarded", "case.returned", "case.forwarded",
            "case.accepted", "case.answered", "case.confirmed", "case.reopened",
        ]);
        assert_eq!(events.body["items"][0]["actor"], "integration");
        let first = api.get(&format!("/api/v1/cases/{code}/events?limit=4")).await.ok(200);
        let cursor = first.body["next_cursor"].as_str().expect("a next page");
        let rest = api.get(&format!("/api/v1/cases/{code}/events?limit=100&cursor={cursor}")).await;
        assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(5));
        let deadlines = api.get(&format!("/api/v1/cases/{code}/deadlines")).await.ok(200);
        assert!(deadlines.body["items"].as_array().is_some_and(|items| items.len() > 3));
    }

    async fn messages_go_out_or_stay_inside_and_identities_are_masked(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let code = api.report("Jalan berlubang").await;
        let path = format!("/api/v1/cases/{code}/messages");
        let said = json!({ "body": "Hubungi 0812-3456-7890 ya.", "visibility": "public" });
        let said = api.post(&path, said).await.ok(201);
        assert_eq!((&said.body["visibility"], &said.body["author"]),
            (&json!("public"), &json!("integration")));
        let note = json!({ "body": "Cek lapangan.", "visibility": "internal" });
        let note = api.post(&path, note).await;
        assert_eq!(note.ok(201).body["visibility"], "internal");
        let wrong = json!({ "body": " ", "visibility": "rahasia" });
        assert_eq!(api.post(&path, wrong).await.problem(422),
            ["body", "visibility"]);

        let masked = api.get(&path).await.ok(200);
        let bodies: Vec<&str> = masked.body["items"].as_array().expect("messages")
            .iter().filter_map(|m| m["body"].as_str()).collect();
        assert_eq!((bodies.len(), &masked.body["next_cursor"]), (3, &json!(null)));
        let first = api.get(&format!("{path}?limit=2")).await.ok(200);
        assert_eq!(first.body["items"].as_array().map(Vec::len), Some(2));
        let cursor = first.body["next_cursor"].as_str().expect("there is more").to_owned();
        let rest = api.get(&format!("{path}?limit=2&cursor={cursor}")).await.ok(200);
        assert_eq!(rest.body["items"][0], masked.body["items"][2]);
        assert_eq!(rest.body["next_cursor"], json!(null));
        assert_eq!(bodies[1], "Hubungi •••••• ya.");
        assert_eq!(masked.body["items"][0]["author"], "citizen");
        let case = api.get(&format!("/api/v1/cases/{code}")).await.ok(200);
        assert_eq!(case.body["reporter"]["name"], "S••• R••••••••");
        assert_eq!(case.body["reporter"]["masked"], true);
        assert!(!case.text.contains("siti@contoh.id") && !case.text.contains("3456"));

        let trusted = [TokenScope::CasesRead, TokenScope::IdentityRead];
        let trusted = api.with(house.agency, &trusted).await;
        let case = trusted.get(&format!("/api/v1/cases/{code}")).await.ok(200);
        assert_eq!(case.body["reporter"]["name"], "Siti Rahmawati");
        assert_eq!(case.body["reporter"]["email"], "siti@contoh.id");
        assert_eq!(case.body["reporter"]["phone"], "+6281234567890");
        assert!(trusted.get(&path).await.text.contains("0812-3456-7890"));
        let events = trusted.get(&format!("/api/v1/cases/{code}/events")).await.ok(200);
        let seen = events.body["items"].as_array().expect("events").last().cloned();
        assert_eq!(seen.expect("an event")["type"], "case.identity_seen");
    }

    async fn tokens_open_only_their_own_doors(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let code = api.report("Jalan berlubang").await;
        let path = format!("/api/v1/cases/{code}");

        for token in ["", "tgp_salah", "x y"] {
            let stranger = Api { token: token.into(), ..api.clone() };
            let refused = stranger.get(&path).await;
            refused.problem(401);
            assert!(refused.header("www-authenticate").starts_with("Bearer realm=\"tanggap\""));
            stranger.post("/api/v1/cases", report()).await.problem(401);
        }
        let reader = api.with(house.agency, &[TokenScope::CasesRead]).await;
        reader.get(&path).await.ok(200);
        let refused = reader.post("/api/v1/cases", report()).await;
        refused.problem(403);
        assert!(refused.header("www-authenticate").contains("scope=\"cases:write\""));
        reader.transition(&code, json!({ "action": "verify" })).await.problem(403);
        let writer = api.with(house.agency, &[TokenScope::CasesWrite]).await;
        writer.get(&path).await.problem(403);
        writer.report("Lampu mati").await;
        let planner = api.with(house.agency, &[TokenScope::OrgRead]).await;
        planner.get("/api/v1/cases").await.problem(403);
        let units = planner.get("/api/v1/units").await.ok(200);
        assert_eq!(units.body["items"][1]["code"], "PUPR");
        let categories = planner.get("/api/v1/categories").await.ok(200);
        assert_eq!(categories.body["items"][0]["slug"], "umum");

        let other = kit.db.write(|tx| {
            org::create_agency(tx, &NewAgency::named("Kota Lain", tanggap_calendar::Zone::Wita))
        });
        let foreign = api.with(other.await.expect("an agency"), &WORKING).await;
        for (method, path, body) in [
            (Method::GET, path.clone(), None),
            (Method::GET, format!("{path}/messages"), None),
            (Method::GET, format!("{path}/events"), None),
            (Method::GET, format!("{path}/deadlines"), None),
            (Method::POST, format!("{path}/messages"), Some(json!({ "body": "a" }))),
            (Method::POST, format!("{path}/transitions"), Some(json!({ "action": "verify" }))),
        ] {
            foreign.call(method, &path, body, "").await.problem(404);
        }
        assert_eq!(foreign.get("/api/v1/cases?count=true").await.body["total"], 0);
        assert_eq!(foreign.get("/api/v1/cases?q=pasar").await.body["items"], json!([]));
        let there = foreign.post("/api/v1/cases", report()).await.ok(201);
        assert_eq!(there.body["received_at"], "2026-10-14T10:00:00+08:00");

        let soon = kit.db.now().plus(Timestamp::HOUR);
        let brief = Api { token: token(&api.ctx, house.agency, &WORKING, Some(soon)).await, ..api };
        brief.get(&path).await.ok(200);
        kit.clock.set(soon.plus(1));
        brief.get(&path).await.problem(401);
        brief.post("/api/v1/cases", report()).await.problem(401);
    }

    async fn a_count_of_what_words_find_says_where_it_ended(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        house.reports(20).await;
        let counted = api.get("/api/v1/cases?q=berlubang&count=true&limit=1").await.ok(200).body;
        assert_eq!(counted["total"], 20);
        assert!(counted.get("total_is_at_least").is_none(), "{counted}");
        house.reports(990).await;
        let counted = api.get("/api/v1/cases?q=berlubang&count=true&limit=1").await.ok(200).body;
        assert_eq!((&counted["total"], &counted["total_is_at_least"]), (&1000.into(), &true.into()));
        let all = api.get("/api/v1/cases?count=true&limit=1").await.ok(200).body;
        assert_eq!(all["total"], 1010);
        assert!(all.get("total_is_at_least").is_none(), "without words all are counted");
    }

    async fn lists_are_paged_filtered_searched_and_counted(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let mut codes = Vec::new();
        for number in 0..5 {
            codes.push(api.report(&format!("Lampu jalan nomor {number}")).await);
            kit.clock.set(kit.db.now().plus(Timestamp::MINUTE));
        }
        codes.reverse();
        let mut path = "/api/v1/cases?limit=2&count=true".to_owned();
        let mut seen: Vec<String> = Vec::new();
        loop {
            let page = api.get(&path).await.ok(200);
            assert_eq!(page.body["total"], 5);
            let items = page.body["items"].as_array().expect("items");
            seen.extend(items.iter().map(|case| case["code"].as_str().expect("a code").to_owned()));
            let Some(cursor) = page.body["next_cursor"].as_str() else { break };
            let link = page.header("link");
            assert_eq!(link, format!(
                "</api/v1/cases?limit=2&count=true&cursor={cursor}>; rel=\"next\""));
            path = link[1..].split('>').next().expect("an address").to_owned();
        }
        assert_eq!(seen, codes);
        assert!(api.get("/api/v1/cases").await.body.get("total").is_none());

        api.transition(&codes[0], json!({ "action": "verify" })).await.ok(200);
        api.transition(&codes[0], json!({ "action": "forward", "unit": "PUPR" })).await.ok(200);
        for (query, expected) in [
            ("status=received", 4),
            ("status=forwarded&unit=PUPR", 1),
            ("status=&unit=&q=&cursor=", 5),
            ("unit=DINKES", 0),
            ("unit=tidak-ada", 0),
            ("kind=appreciation", 0),
            ("q=lampu", 5),
            ("q=lampu&status=forwarded", 1),
            ("q=lampu+pasar&limit=3", 5),
            ("q=tidakadakata", 0),
        ] {
            let page = api.get(&format!("/api/v1/cases?count=true&{query}")).await.ok(200);
            assert_eq!(page.body["total"], expected, "{query}");
            let items = page.body["items"].as_array().map_or(0, Vec::len);
            assert_eq!(items, if query.contains("limit=3") { 3 } else { expected }, "{query}");
        }
        for (query, field) in [
            ("status=dibuang", "status"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("cursor=zzzz", "cursor"),
            ("cursor=1.0000000000000", "cursor"),
            ("count=ya", "count"),
            ("offset=3", "offset"),
            ("limit=1&limit=2", "limit"),
        ] {
            assert_eq!(api.get(&format!("/api/v1/cases?{query}")).await.problem(422), [field]);
        }
        let forged = api.get("/api/v1/cases?cursor=7zzzzzzzzzzzz").await.ok(200);
        assert_eq!(forged.body["items"].as_array().map(Vec::len), Some(5));
    }

    async fn the_calculator_needs_no_token_and_tells_why(kit) {
        let house = House::build(&kit.db).await;
        let api = Api { token: String::new(), ..Api::of(&kit, house.agency).await };
        let due = async |query: &str| {
            api.get(&format!("/api/v1/deadlines?{query}")).await.ok(200).body
        };
        for (query, expected) in [
            ("from=2026-03-13T09:00:00%2B07:00&limit=3", "2026-03-25"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=10", "2026-04-06"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=17", "2026-04-15"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=30", "2026-05-05"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=60", "2026-06-24"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=3&calendar=national", "2026-03-18"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=10&calendar=national", "2026-03-30"),
            ("from=2025-12-01T09:00:00%2B07:00&limit=30", "2026-01-15"),
            ("from=2026-05-13T09:00:00%2B07:00&limit=14", "2026-06-09"),
            ("from=2025-08-15T09:00:00%2B07:00&limit=1", "2025-08-19"),
            ("from=2024-11-26T09:00:00%2B07:00&limit=1", "2024-11-28"),
            ("from=2026-04-06T09:00:00%2B07:00&limit=30", "2026-05-21"),
            ("from=2026-05-25T09:00:00%2B07:00&limit=30", "2026-07-10"),
            ("from=2026-03-12T16:30:00Z&limit=1", "2026-03-13"),
            ("from=2026-03-12T16:30:00Z&limit=3", "2026-03-17"),
            ("from=2026-03-12T16:30:00Z&limit=1&zone=Asia/Makassar", "2026-03-16"),
            ("from=2026-03-12T16:30:00Z&limit=3&zone=Asia/Jayapura", "2026-03-25"),
            ("from=2026-03-13T09:00:00%2B07:00&limit=14&unit=calendar_day", "2026-03-27"),
            ("from=2026-06-14T09:00:00%2B07:00&limit=14&unit=calendar_day", "2026-06-28"),
            ("from=2026-01-31T09:00:00%2B07:00&limit=30&unit=calendar_day", "2026-03-02"),
            ("from=2026-03-13T09:00:00+07:00&limit=0", "2026-03-13"),
            ("from=2026-03-20T09:00:00%2B07:00&limit=72&unit=hour", "2026-03-23"),
        ] {
            assert_eq!(due(query).await["due_date"], expected, "{query}");
        }
        let hours = due("from=2026-03-20T09:00:00%2B07:00&limit=72&unit=hour").await;
        assert_eq!(hours["due_at"], "2026-03-23T09:00:00+07:00");
        let whole = due("from=2026-03-13T09:00:00%2B07:00&limit=3&unit=working_day\
            &calendar=government&zone=Asia/Jakarta").await;
        assert_eq!(whole["due_at"], "2026-03-25T23:59:59+07:00");
        let days: Vec<(&str, bool, &str)> = whole["days"].as_array().expect("days").iter()
            .map(|day| (day["date"].as_str().unwrap_or(""), day["counted"] == true,
                day["reason"].as_str().unwrap_or("")))
            .collect();
        assert_eq!(days, [
            ("2026-03-14", false, "weekend"), ("2026-03-15", false, "weekend"),
            ("2026-03-16", true, "working_day"), ("2026-03-17", true, "working_day"),
            ("2026-03-18", false, "joint_leave"), ("2026-03-19", false, "national_holiday"),
            ("2026-03-20", false, "joint_leave"), ("2026-03-21", false, "national_holiday"),
            ("2026-03-22", false, "national_holiday"), ("2026-03-23", false, "joint_leave"),
            ("2026-03-24", false, "joint_leave"), ("2026-03-25", true, "working_day"),
        ]);
        // Wednesday 14 October 2026, ten working days, where nobody says otherwise.
        assert_eq!(due("").await["due_date"], "2026-10-28");
        for (query, field) in [
            ("from=kemarin", "from"),
            ("from=2026-03-13", "from"),
            ("from=2026-03-13T09:00:00", "from"),
            ("limit=-1", "limit"),
            ("limit=3661", "limit"),
            ("unit=bulan", "unit"),
            ("calendar=lunar", "calendar"),
            ("zone=Asia/Tokyo", "zone"),
            ("until=2026-03-13", "until"),
        ] {
            let refused = api.get(&format!("/api/v1/deadlines?{query}")).await;
            assert_eq!(refused.problem(422), [field], "{query}");
        }
    }

    async fn the_description_and_its_page_are_served(kit) {
        let house = House::build(&kit.db).await;
        let api = Api { token: String::new(), ..Api::of(&kit, house.agency).await };
        let spec = api.get("/api/openapi.json").await.ok(200).body;
        assert_eq!(spec["openapi"], "3.1.0");
        let category = &spec["components"]["schemas"]["NewCase"]["properties"]["category"];
        assert_eq!(category["enum"], json!(["umum", null]));
        let page = api.get("/api/docs").await;
        assert_eq!(page.status, StatusCode::OK);
        for text in ["/api/v1/cases/{code}/transitions", "agreed_days", "id=\"stale\"", "<html"] {
            assert!(page.text.contains(text), "{text}");
        }
        assert!(!page.text.contains("style=") && !page.text.contains("hooks-docs-"));
    }
}
