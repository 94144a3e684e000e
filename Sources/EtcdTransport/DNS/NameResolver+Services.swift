// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitLinux
import Glibc

extension NameResolver {
    /// Looks a service up and calls `completion` on a thread of its own, at the latest after about ten
    /// seconds for each name server.
    ///
    /// - Parameters:
    ///   - name: such as `_etcd-client._tcp.example.com`.
    ///   - completion: gets the records in no particular order, at least one.
    package func lookUpServices(
        _ name: String,
        completion: @escaping @Sendable (Result<[ServiceRecord], NameResolutionError>) -> Void
    ) {
        let isStarted = BlockingWork.start { completion(self.services(name)) }
        if !isStarted {
            completion(.failure(NameResolutionError(reason: "no thread for the resolver")))
        }
    }

    private func services(_ name: String) -> Result<[ServiceRecord], NameResolutionError> {
        do throws(NameResolutionError) {
            let bytes = try self.ask(name)
            let records: [ServiceRecord]
            do throws(DNSAnswer.Failure) {
                records = try DNSAnswer(bytes).records
            } catch {
                throw NameResolutionError(reason: "the name server's answer cannot be read")
            }
            guard !records.isEmpty else {
                throw NameResolutionError(reason: "there are no records of the service")
            }
            return .success(records)
        } catch {
            return .failure(error)
        }
    }

    /// The answer as it came.
    private func ask(_ name: String) throws(NameResolutionError) -> [UInt8] {
        var answer = [UInt8](repeating: 0, count: 65_536)
        var cause: Int32 = 0
        let size: Int32
        if let nameServer = self.nameServer {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = nameServer.port.bigEndian
            guard unsafe inet_pton(AF_INET, nameServer.address, &address.sin_addr) == 1 else {
                throw NameResolutionError(reason: "the name server has no IPv4 address")
            }
            size = unsafe CEtcdKitLinux_queryServices(
                name,
                &address,
                &answer,
                Int32(answer.count),
                &cause
            )
        } else {
            size = unsafe CEtcdKitLinux_queryServices(
                name,
                nil,
                &answer,
                Int32(answer.count),
                &cause
            )
        }
        guard size >= 0 else { throw NameResolutionError(reason: Self.text(of: cause)) }
        return Array(answer[..<min(Int(size), answer.count)])
    }

    private static func text(of cause: Int32) -> String {
        switch cause {
        case HOST_NOT_FOUND: "there is no such domain"
        case NO_DATA: "there are no records of the service"
        case TRY_AGAIN: "no name server answers"
        default: "the name server failed"
        }
    }
}
