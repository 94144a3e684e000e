// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ClientCertificates
import Glibc
import RollingLock

/// What can be found out without etcd.
enum LocalFindings {
    /// A clock that was never set makes certificates look as if they were not valid yet.
    static func clock() -> Finding {
        let now = RollingLockTimestamp.now
        // The beginning of 2025.
        guard now.millisecondsSince1970 > 1_735_689_600_000 else {
            return .failed("clock", "this machine believes it is \(now)")
        }
        return .ok(
            "clock",
            "\(now) here; locks go by revisions and elapsed time, only certificates by the clock"
        )
    }

    /// Whether the client's own certificate can be used.
    static func certificate(_ file: String?, _ keyFile: String?) -> [Finding] {
        guard let file else { return [.ok("certificate", "none is presented")] }
        do {
            let pem = try ReadableFile.bytes(of: file, called: "the certificate")
            let facts = try CertificateFacts(pem: pem, source: file)
            var findings = CertificateFindings.of(facts)
            if let keyFile {
                let key = try ReadableFile.bytes(of: keyFile, called: "the private key")
                findings.append(try CertificateFindings.of(facts, key: key, source: keyFile))
            }
            return findings.map { finding in
                var finding = finding
                finding.check = "certificate " + finding.check
                return finding
            }
        } catch let failure as ToolFailure {
            return [.failed("certificate", failure.message, status: failure.status)]
        } catch {
            return [.failed("certificate", "\(error)")]
        }
    }

    /// Whether the spool is where requests are kept, and kept from others.
    static func spool(_ path: String) -> Finding {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return .failed("spool", "\(path) is not a folder")
        }
        guard status.st_mode & 0o022 == 0 else {
            return .failed("spool", "others can write to it; run: chmod 700 \(path)")
        }
        guard unsafe access(path, R_OK | W_OK | X_OK) == 0 else {
            return .failed("spool", "\(path) cannot be used by this user")
        }
        return status.st_mode & 0o044 == 0
            ? .ok("spool", path)
            : .warning("spool", "others can read it; run: chmod 700 \(path)")
    }
}
