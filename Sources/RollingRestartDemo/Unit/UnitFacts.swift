// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What the demo knows of one unit beforehand.
struct UnitFacts: Sendable {
    let name: String
    let port: UInt16
    let pidFile: String
    /// This very program.
    let program: String

    var serviceArguments: [String] { [UnitService.name] + self.options + self.pidOption }
    var restartArguments: [String] { [RestartUnit.name] + self.options + self.pidOption }
    var observerArguments: [String] { [Observe.name] + self.options }

    private var options: [String] { ["--unit", self.name, "--port", "\(self.port)"] }
    private var pidOption: [String] { ["--pid-file", self.pidFile] }
}
