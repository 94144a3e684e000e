// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import FoundationEssentials
import Glibc
import ProcessControl

/// Sets the stage, plays the scenario, and clears everything away.
package struct Demonstration: Sendable {
    package static let units = (0..<5).map { "app/\($0)" }
    static let clusterID = "demo"
    static let prefix = "/rollingops/default/\(clusterID)/"

    let chronicle: SharedChronicle
    let household = Household()

    /// Plays it.
    ///
    /// - Returns: What happened.
    func play() async throws -> Chronicle {
        try Prerequisites.check()
        let folder = try WorkFolder()
        defer { folder.remove() }
        try Janitor.employ(for: folder)
        do {
            let chronicle = try await self.play(in: folder)
            await self.household.endAll()
            return chronicle
        } catch {
            await self.household.endAll()
            throw error
        }
    }

    private func play(in folder: WorkFolder) async throws -> Chronicle {
        self.chronicle.tell("making certificates")
        let certificates = try await Certificates(in: folder)
        self.chronicle.tell("starting etcd: mutual TLS, one user, one prefix")
        let etcd = try await EtcdServer.start(in: folder, certificates: certificates)
        self.household.add(.etcd) { await etcd.stop() }
        try await etcd.grant(prefix: Self.prefix)

        let units = try self.makeUnits(in: folder)
        try await self.startServices(units)
        try await self.startObservers(units)

        let client = try EtcdClient(
            configuration: .init(
                endpoints: [etcd.endpoint],
                tls: .init(
                    certificateAuthorities: .file(certificates.serverAuthority),
                    certificate: .file(certificates.client),
                    privateKey: .file(certificates.clientKey)
                )
            )
        )
        self.household.add(.observers) { await client.shutdown() }
        let recorder = QueueRecorder(
            client: client,
            prefix: Self.prefix + "v1/default/queue/",
            chronicle: self.chronicle
        )
        let recording = try await recorder.begin()
        defer { recording.cancel() }

        let config = try self.writeConfig(for: etcd, in: folder)
        try await Scenario(
            units: units,
            config: config,
            chronicle: self.chronicle,
            household: self.household
        ).play()

        await self.household.end(.locks)
        // The observers' last words come when they end.
        await self.household.end(.observers)
        return self.chronicle.now
    }

    private func makeUnits(in folder: WorkFolder) throws -> [UnitFacts] {
        let ports = try LoopbackPorts.free(Self.units.count)
        let program = try OwnProgram.path()
        return zip(Self.units, ports).enumerated().map { index, unit in
            UnitFacts(
                name: unit.0,
                port: unit.1,
                pidFile: folder.file("unit-\(index).pid"),
                program: program
            )
        }
    }

    private func startServices(_ units: [UnitFacts]) async throws {
        self.chronicle.tell("starting five services")
        for unit in units {
            let chronicle = self.chronicle
            let manager = ServiceManager {
                try await ManagedProcess.start(unit.program, unit.serviceArguments) { line in
                    guard let note = Note(line: line) else { return }
                    chronicle.update { $0.services[unit.name, default: []].append(note) }
                }
            }
            self.household.add(.services) { await manager.stop() }
            manager.begin()
        }
        try await self.chronicle.wait("five healthy services") { chronicle in
            units.allSatisfy { chronicle.services[$0.name]?.last?.event == "healthy" }
        }
    }

    private func startObservers(_ units: [UnitFacts]) async throws {
        for unit in units {
            let chronicle = self.chronicle
            let observer = try await ManagedProcess.start(
                unit.program,
                unit.observerArguments
            ) { line in
                guard let note = Note(line: line) else { return }
                chronicle.update { $0.observers[unit.name, default: []].append(note) }
            }
            self.household.add(.observers) { await observer.stop() }
        }
        try await self.chronicle.wait("five observers") { chronicle in
            units.allSatisfy { chronicle.observers[$0.name]?.last?.event == "up" }
        }
    }

    /// Writes the connection down as charmlibs does, for `rolling-lock --config`.
    private func writeConfig(for etcd: EtcdServer, in folder: WorkFolder) throws -> String {
        let path = folder.file("etcdctl.json")
        let config = [
            "endpoints": etcd.endpoint,
            "cacert_path": etcd.certificates.serverAuthority,
            "cert_path": etcd.certificates.client,
            "key_path": etcd.certificates.clientKey,
        ]
        try JSONEncoder().encode(config).write(to: URL(filePath: path))
        return path
    }
}
