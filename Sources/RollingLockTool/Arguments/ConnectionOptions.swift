// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How to reach etcd.
///
/// Flags win over `ETCDCTL_*` variables, and those over `--config`.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "etcd's endpoints, separated by commas ($ETCDCTL_ENDPOINTS; default 127.0.0.1:2379).",
            discussion: "host:port, http://host:port, https://host:port. Without a scheme it is "
                + "https as soon as a CA or certificate is given.",
            valueName: "list"
        )
    )
    var endpoints: [String] = []

    @Option(
        help: ArgumentHelp(
            "The CA certificate that etcd's own is checked against ($ETCDCTL_CACERT).",
            valueName: "file"
        )
    )
    var cacert: String?

    @Option(
        help: ArgumentHelp("The client certificate ($ETCDCTL_CERT).", valueName: "file")
    )
    var cert: String?

    @Option(
        help: ArgumentHelp(
            "The client certificate's private key ($ETCDCTL_KEY).",
            valueName: "file"
        )
    )
    var key: String?

    @Option(
        help: ArgumentHelp(
            "The name expected in etcd's certificate, if it is not the endpoint's host.",
            valueName: "name"
        )
    )
    var serverName: String?

    @Option(
        help: ArgumentHelp(
            "The etcd user ($ETCDCTL_USER, there also user:password).",
            discussion: "The password comes from --password-file or $ETCDCTL_PASSWORD, never from "
                + "the command line, which every user of the machine can read.",
            valueName: "user"
        )
    )
    var user: String?

    @Option(
        help: ArgumentHelp("The file with the user's password.", valueName: "file")
    )
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "A JSON file with endpoints, cacert_path, cert_path and key_path.",
            discussion: """
                The etcdctl.json of charmlibs' rollingops. Other fields are ignored. New endpoints are \
                taken from it while a command waits or holds the lock.
                """,
            valueName: "file"
        )
    )
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The limit for making a connection ($ETCDCTL_DIAL_TIMEOUT; default 5s).",
            valueName: "duration"
        )
    )
    var dialTimeout: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "The limit for one request to etcd ($ETCDCTL_COMMAND_TIMEOUT; default 5s).",
            valueName: "duration"
        )
    )
    var commandTimeout: DurationArgument?

    /// What the flags say, and only they.
    func settings() throws -> ConnectionSettings {
        var settings = ConnectionSettings()
        if !self.endpoints.isEmpty {
            settings.endpoints = self.endpoints.flatMap(ConnectionSettings.split(endpoints:))
        }
        settings.caFile = self.cacert
        settings.certificateFile = self.cert
        settings.keyFile = self.key
        settings.serverName = self.serverName
        if let user = self.user {
            guard !user.contains(":") else {
                throw ToolFailure.usage(
                    "--user takes the name alone: other users can read a command line; give the "
                        + "password with --password-file or in $ETCDCTL_PASSWORD"
                )
            }
            settings.user = user
        }
        settings.password = try self.passwordFile.map(PasswordFile.read)
        settings.dialTimeout = self.dialTimeout?.duration
        settings.commandTimeout = self.commandTimeout?.duration
        return settings
    }
}
