// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitFuzzer
import Glibc

/// Feeds what libFuzzer invents to one of the places where bytes from the network arrive.
///
/// `make fuzz` builds and runs it. `ETCDKIT_FUZZ_TARGET` names the place: wire, framing or http2. The
/// arguments are libFuzzer's. A trap, a failed precondition or a bad access ends the run and leaves
/// the bytes that led to it in a file.
@main
enum Fuzzer {
    static func main() {
        let status =
            switch unsafe getenv("ETCDKIT_FUZZ_TARGET").map({ unsafe String(cString: $0) }) {
            case "wire": unsafe self.run { unsafe give($0, $1, to: WireTarget.fuzz) }
            case "framing": unsafe self.run { unsafe give($0, $1, to: FramingTarget.fuzz) }
            case "http2": unsafe self.run { unsafe give($0, $1, to: HTTP2Target.fuzz) }
            default: Int32(2)
            }
        if status == 2 { print("Set ETCDKIT_FUZZ_TARGET to wire, framing or http2.") }
        exit(status)
    }

    private static func run(
        _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32 {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
            unsafe CommandLine.unsafeArgv
        return unsafe LLVMFuzzerRunDriver(&count, &arguments, callback)
    }
}

private func give(_ data: UnsafePointer<UInt8>?, _ count: Int, to body: ([UInt8]) -> Void) -> Int32
{
    body(unsafe Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}
