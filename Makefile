# `make run` shows Tanggap with demo data; `make test` runs everything that CI needs.

TARGET := $(or $(CARGO_TARGET_DIR),target)
TESTDATA := $(wildcard ../shared/data)
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
ifdef NEXTEST
  RUN_TESTS := cargo nextest run --workspace --no-fail-fast
else
  RUN_TESTS := cargo test --workspace --no-fail-fast
endif

.PHONY: run web build test quick check rust e2e bench fuzz fmt clean-web

run: web
	@echo "Building Tanggap (the first time takes some minutes) ..."
	cargo build --profile demo -p tanggap-app
	@echo "Starting the demo at http://localhost:8080"
	$(TARGET)/demo/tanggap demo --listen 127.0.0.1:8080

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web: web/node_modules/.package-lock.json
	cd web && npm run --silent build

# Everything: style, lints, rules, both engines, files at S3, real browser.
test: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd web && npm run --silent check && npm test --silent
	scripts/with-telegram.sh scripts/with-s3.sh scripts/with-smsc.sh scripts/with-postgres.sh scripts/with-dovecot.sh scripts/with-postfix.sh $(RUN_TESTS)
	$(MAKE) e2e

# The inner loop: no browser, no S3.
quick: web
	scripts/with-postgres.sh $(RUN_TESTS)

check: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd web && npm run --silent check
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; \
	else echo "cargo-deny is not installed: licences were not checked"; fi

tests/e2e/node_modules/.package-lock.json: tests/e2e/package-lock.json
	cd tests/e2e && npm ci --no-audit --no-fund
	@touch $@

# Journeys in Debian's Chromium.
e2e: web tests/e2e/node_modules/.package-lock.json
	scripts/ensure-chromium.sh
	cargo build --workspace --bin tanggap
	TANGGAP_BIN=$(abspath $(TARGET))/debug/tanggap scripts/with-telegram.sh scripts/with-smsc.sh \
	  scripts/with-dovecot.sh scripts/with-postfix.sh npm --prefix tests/e2e test --silent

bench: web
	scripts/bench.sh

# Needs cargo-fuzz; a minute for each target.
fuzz:
	for target in mail_parse html_view split_reply messengers smpp_read; do \
	  RUSTC_BOOTSTRAP=1 cargo fuzz run -s none --fuzz-dir fuzz $$target -- -max_total_time=60; \
	done
