// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// `--endpoint`, `--workload`, `--seconds`, `--warm-up` and `--key`, each with a value.
struct WorkerArguments {
    var endpoint: String
    /// The workload's name without the number at its end.
    var kind: String
    /// That number: how many requests or units at once.
    var count: Int
    var seconds: Double
    var warmUp: Int
    var key: String

    init(_ arguments: some Collection<String>) throws {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst(), let value = rest.popFirst() { values[name] = value }
        func value<Value: LosslessStringConvertible>(_ name: String) throws -> Value {
            guard let value = values["--" + name].flatMap({ Value($0) }) else {
                throw WorkerFailure("--\(name) is missing or not a value of its kind")
            }
            return value
        }
        self.endpoint = try value("endpoint")
        self.seconds = try value("seconds")
        self.warmUp = try value("warm-up")
        self.key = try value("key")
        let workload: String = try value("workload")
        if let dash = workload.lastIndex(of: "-"), let count = Int(workload[dash...].dropFirst()) {
            self.kind = String(workload[..<dash])
            self.count = count
        } else {
            self.kind = workload
            self.count = 1
        }
    }
}
