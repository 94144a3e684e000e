# Part of the EtcdKit project
# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift
# Flags for every build, for example -Xswiftc -warnings-as-errors.
SWIFTFLAGS ?=
# `make bench` writes its rows into this file too.
JSON ?=
# Further options of `make bench` and `make bench-codecs`, for example BENCHFLAGS="--workload range-64 --etcd 3.4.23".
BENCHFLAGS ?=

# Further options of `make test-tsan` and `make test-asan`.
TESTFLAGS ?=
# `make fuzz` gives each target so many seconds, `make chaos` and `make chaos-lock` all together.
DURATION ?= 60
# What an earlier run of `make chaos` or `make chaos-lock` printed brings its faults back.
SEED ?=
# Further options of both, for example CHAOSFLAGS="--etcd 3.4.23 --tls --json".
CHAOSFLAGS ?=

SOURCES := Sources Tests Benchmarks Package.swift

.DEFAULT_GOAL := help
.PHONY: help demo test test-tsan test-asan test-traits test-leaks chaos chaos-lock fuzz bench bench-faults bench-roll bench-codecs bench-protos build static docs lint format protos packages etcd ci clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: packages ## Watch a rolling restart of five units on a throw-away etcd
	$(SWIFT) build -c release $(SWIFTFLAGS) --product rolling-lock
	$(SWIFT) build -c release $(SWIFTFLAGS) --product RollingRestartDemo
	@.build/release/RollingRestartDemo

test: packages etcd ## Run all tests
	@SWIFT="$(SWIFT)" .ci/test $(SWIFTFLAGS)

test-tsan: packages etcd ## Run all tests under the thread sanitizer; TESTFLAGS="--filter EtcdKitTests" for some
	@SWIFT="$(SWIFT)" .ci/test-sanitized thread $(TESTFLAGS)

test-asan: packages etcd ## Run the tests of transport and wire under the address sanitizer
	@SWIFT="$(SWIFT)" .ci/test-sanitized address $(or $(TESTFLAGS),--filter 'EtcdTransportTests|EtcdWireTests')

chaos: packages etcd ## Judge clients of a cluster under random faults, DURATION=seconds SEED=number
	$(SWIFT) build -c release $(SWIFTFLAGS) --product Chaos
	@.build/release/Chaos --duration $(DURATION) $(if $(SEED),--seed $(SEED)) $(CHAOSFLAGS)

chaos-lock: packages etcd ## Judge 20 processes with one lock under random faults, DURATION=seconds SEED=number
	$(SWIFT) build -c release $(SWIFTFLAGS) --product Chaos
	$(SWIFT) build -c release $(SWIFTFLAGS) --product LockContender
	@.build/release/Chaos locks --duration $(DURATION) $(if $(SEED),--seed $(SEED)) $(CHAOSFLAGS)

test-traits: packages etcd ## Run the tests of metrics, tracing and ServiceLifecycle
	$(SWIFT) test --package-path Tests/Traits --scratch-path .build/traits $(SWIFTFLAGS)

test-leaks: packages etcd ## Look for what 10000 connections, watches and calls leave behind
	ETCDKIT_LEAK_COUNT=10000 $(SWIFT) test $(SWIFTFLAGS) --filter LeakTests

# What it finds new goes into .build/fuzz/corpus, and what ends a run into .build/fuzz/found-*: mend
# that and make a test of it. No decoder may ask for more than 1 MiB for inputs of 4 KiB. Traps are
# left to libFuzzer, which writes the file; Swift's backtrace would come before it.
fuzz: packages ## Feed invented bytes to the decoders, gRPC framing and HTTP/2, DURATION=seconds each
	ETCDKIT_FUZZ=1 $(SWIFT) build -c release $(SWIFTFLAGS) --product Fuzzer \
		--scratch-path .build/fuzz --sanitize=address -Xswiftc -sanitize=fuzzer \
		-Xswiftc -enable-testing -Xswiftc -use-ld=lld
	@for target in wire framing http2; do \
		mkdir -p .build/fuzz/corpus/$$target && \
		echo "Fuzzing $$target for $(DURATION) seconds" && \
		SWIFT_BACKTRACE=enable=no ETCDKIT_FUZZ_TARGET=$$target \
			.build/fuzz/release/Fuzzer -verbosity=0 -print_funcs=0 \
			-max_total_time=$(DURATION) -max_len=4096 -malloc_limit_mb=1 -rss_limit_mb=2048 \
			-artifact_prefix=.build/fuzz/found-$$target- \
			.build/fuzz/corpus/$$target Tests/Fuzz/Corpus/$$target || exit 1; \
	done

bench: etcd ## Measure next to Go's clientv3 and h2load; JSON=file writes the rows there too
	@.ci/install-packages bench
	$(MAKE) --no-print-directory -C Benchmarks/Peers/Go
	$(SWIFT) build -c release $(SWIFTFLAGS) --product EtcdBenchmarks
	$(SWIFT) build -c release $(SWIFTFLAGS) --product EtcdBenchmarkWorker
	@.build/release/EtcdBenchmarks $(if $(JSON),--json "$(JSON)") $(BENCHFLAGS)

bench-faults: etcd ## Measure next to Go's clientv3 how long members that fail are felt
	@.ci/install-packages bench
	$(MAKE) --no-print-directory -C Benchmarks/Peers/Go
	$(SWIFT) build -c release $(SWIFTFLAGS) --product FaultBenchmarks
	$(SWIFT) build -c release $(SWIFTFLAGS) --product FaultBenchmarkWorker
	@.build/release/FaultBenchmarks $(BENCHFLAGS)

bench-roll: packages etcd ## Measure rolls of units that do nothing, and rolling-lock next to etcdctl lock
	@SWIFT="$(SWIFT)" .ci/static $(SWIFTFLAGS)
	$(SWIFT) build -c release $(SWIFTFLAGS) --product RollBenchmarks
	@.build/release/RollBenchmarks --program .build/static/release/rolling-lock $(if $(JSON),--json "$(JSON)") $(BENCHFLAGS)

SWIFT_PROTOBUF := Benchmarks/Peers/SwiftProtobuf

bench-codecs: ## Measure the codecs next to swift-protobuf's; JSON=file writes the rows there too
	@.ci/install-packages bench
	$(SWIFT) build -c release --package-path $(SWIFT_PROTOBUF) --product SwiftProtobufCodecWorker
	$(SWIFT) build -c release $(SWIFTFLAGS) --product CodecBenchmarks
	$(SWIFT) build -c release $(SWIFTFLAGS) --product EtcdCodecWorker
	@.build/release/CodecBenchmarks $(if $(JSON),--json "$(JSON)") $(BENCHFLAGS)

bench-protos: ## Generate swift-protobuf's messages for bench-codecs anew, from Protos/
	@.ci/install-packages bench
	$(SWIFT) build -c release --package-path $(SWIFT_PROTOBUF) --product protoc-gen-swift
	protoc --proto_path=Protos --plugin=$(SWIFT_PROTOBUF)/.build/release/protoc-gen-swift \
		--swift_out=$(SWIFT_PROTOBUF)/Sources/SwiftProtobufCodecWorker/Generated \
		Protos/auth.proto Protos/kv.proto Protos/rpc.proto

build: packages ## Build everything in release mode
	$(SWIFT) build -c release $(SWIFTFLAGS)

static: packages ## Build a rolling-lock that needs no Swift, and run it where none is
	@SWIFT="$(SWIFT)" .ci/static $(SWIFTFLAGS)

docs: packages ## Render the documentation into .build/docs
	@SWIFT="$(SWIFT)" .ci/docs

lint: ## Check the format of all Swift files
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format: ## Format all Swift files in place
	$(SWIFT) format format --in-place --recursive --parallel $(SOURCES)

protos: packages ## Generate the C codecs that the wire tests compare with anew, from Protos/
	rm -f Tests/CEtcdProtos/*.pb-c.c Tests/CEtcdProtos/include/*.pb-c.h
	protoc-c --proto_path=Protos --c_out=Tests/CEtcdProtos Protos/*.proto
	mv Tests/CEtcdProtos/*.pb-c.h Tests/CEtcdProtos/include/

packages: ## Install the Debian packages that are missing
	@.ci/install-packages

etcd: ## Fetch etcd 3.5.1 into .build unless it is there
	@.ci/fetch-etcd

ci: ## What a change has to pass
	@.ci/run

clean: ## Remove what was built; fetched servers stay
	$(SWIFT) package clean
	$(SWIFT) package clean --package-path $(SWIFT_PROTOBUF)
	rm -f Benchmarks/Peers/Go/bench-go
