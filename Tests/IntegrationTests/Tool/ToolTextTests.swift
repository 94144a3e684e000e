// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import RollingLockTool
import Testing

/// What the tool reads out of texts, without an etcd.
struct ToolTextTests {
    @Test(
        arguments: [
            ("30s", .seconds(30)), ("5m", .seconds(300)), ("1m30s", .seconds(90)),
            ("250ms", .milliseconds(250)), ("1.5h", .seconds(5400)), ("0", .zero),
            ("2m500ms", .milliseconds(120_500)),
        ] as [(String, Duration)]
    )
    func durationsAreReadAsEtcdctlReadsThem(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: [
        "", "30", "s", "5 m", "-1s", "1d", "1s2", "1..5s", "1e9h", "9999999999h", "٣s",
    ])
    func otherTextsAreNoDurations(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        arguments: [
            (.milliseconds(350), "350ms"), (.seconds(30), "30s"), (.milliseconds(4200), "4.2s"),
            (.seconds(185), "3m05s"), (.seconds(7800), "2h10m"), (.seconds(-1), "0ms"),
            (.milliseconds(59_990), "1m00s"),
        ] as [(Duration, String)]
    )
    func durationsAreWrittenForPeople(_ duration: Duration, _ text: String) {
        #expect(DurationText.format(duration) == text)
    }

    @Test
    func aColonInTheUserVariableSeparatesThePasswordUnlessThereIsOne() throws {
        let joined = try ConnectionEnvironment.settings(in: ["ETCDCTL_USER": "a:b:c"])
        #expect(joined.user == "a" && joined.password == "b:c")
        let apart = try ConnectionEnvironment.settings(
            in: ["ETCDCTL_USER": "a:b", "ETCDCTL_PASSWORD": "c"])
        #expect(apart.user == "a:b" && apart.password == "c")
        #expect(try ConnectionEnvironment.settings(in: ["ETCDCTL_USER": ""]).user == nil)
    }

    @Test
    func certificateAndKeyComeFromTheSameSource() {
        var flags = ConnectionSettings()
        flags.certificateFile = "flag.pem"
        var variables = ConnectionSettings()
        variables.certificateFile = "variable.pem"
        variables.keyFile = "variable.key"
        variables.caFile = "ca.pem"
        let merged = flags.completed(with: variables)
        #expect(merged.certificateFile == "flag.pem")
        #expect(merged.keyFile == nil)
        #expect(merged.caFile == "ca.pem")
    }
}
