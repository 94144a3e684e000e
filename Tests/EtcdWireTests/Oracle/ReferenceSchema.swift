// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitProtobufC
import CEtcdProtos

/// The messages of `Protos/`, as protoc-c describes them to libprotobuf-c: those of the services and
/// all that lie inside of them.
///
/// Nothing here is written by hand but the names of the services.
struct ReferenceSchema: Sendable {
    static let shared = ReferenceSchema()

    private(set) var types: [MessageType] = []
    private var indices: [String: Int] = [:]

    private init() {
        unsafe self.add(etcdserverpb__kv__descriptor)
        unsafe self.add(etcdserverpb__watch__descriptor)
        unsafe self.add(etcdserverpb__lease__descriptor)
        unsafe self.add(etcdserverpb__cluster__descriptor)
        unsafe self.add(etcdserverpb__maintenance__descriptor)
        unsafe self.add(etcdserverpb__auth__descriptor)
        unsafe self.add(v3electionpb__election__descriptor)
        unsafe self.add(v3lockpb__lock__descriptor)
        unsafe self.add(grpc__health__v1__health__descriptor)
    }

    private mutating func add(_ service: ProtobufCServiceDescriptor) {
        for index in 0..<Int(unsafe service.n_methods) {
            let method = unsafe service.methods[index]
            _ = unsafe self.add(method.input)
            _ = unsafe self.add(method.output)
        }
    }

    func type(named name: String) -> MessageType? {
        self.indices[name].map { self.types[$0] }
    }

    /// Adds the message and those inside of it, unless they are known.
    private mutating func add(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) -> Int {
        let descriptor = unsafe pointer.pointee
        let name = unsafe String(cString: descriptor.name)
        if let known = self.indices[name] { return known }
        let index = self.types.count
        self.indices[name] = index
        self.types.append(unsafe MessageType(name: name, descriptor: pointer))
        let fields = (0..<Int(unsafe descriptor.n_fields)).map { number in
            let field = unsafe descriptor.fields[number]
            return unsafe Field(field, kind: self.kind(of: field))
        }
        self.types[index].fields = fields
        return index
    }

    private mutating func kind(of field: ProtobufCFieldDescriptor) -> Field.Kind {
        switch unsafe field.type {
        case PROTOBUF_C_TYPE_INT64: return .int64
        case PROTOBUF_C_TYPE_UINT64: return .uint64
        case PROTOBUF_C_TYPE_UINT32: return .uint32
        case PROTOBUF_C_TYPE_BOOL: return .bool
        case PROTOBUF_C_TYPE_STRING: return .string
        case PROTOBUF_C_TYPE_BYTES: return .bytes
        case PROTOBUF_C_TYPE_ENUM:
            let pointer = unsafe field.descriptor.assumingMemoryBound(
                to: ProtobufCEnumDescriptor.self
            )
            let descriptor = unsafe pointer.pointee
            let values = unsafe UnsafeBufferPointer(
                start: descriptor.values,
                count: Int(descriptor.n_values)
            )
            return .enumeration(unsafe values.map { unsafe $0.value })
        case PROTOBUF_C_TYPE_MESSAGE:
            let descriptor = unsafe field.descriptor.assumingMemoryBound(
                to: ProtobufCMessageDescriptor.self
            )
            return .message(unsafe self.add(descriptor))
        default:
            preconditionFailure("teach EtcdWire and its tests this type of field first")
        }
    }
}

/// A message type of libprotobuf-c.
///
/// The descriptor is constant data of the program, so it may be shared.
@safe
struct MessageType: @unchecked Sendable {
    let name: String
    let descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    fileprivate(set) var fields: [Field] = []
}

/// A field of a message type.
struct Field: Sendable {
    enum Kind: Sendable {
        case int64, uint64, uint32, bool, string, bytes
        case enumeration([Int32])
        /// The index of the message in the schema.
        case message(Int)
    }

    let number: UInt64
    let kind: Kind
    let isRepeated: Bool
    let isInOneof: Bool
    /// The name of our property, without capitals.
    let plainName: String
    /// Where the value lies in the C structure, and the number of values or the chosen field.
    let offset: Int
    let quantifierOffset: Int

    fileprivate init(_ descriptor: ProtobufCFieldDescriptor, kind: Kind) {
        self.number = UInt64(unsafe descriptor.id)
        self.kind = kind
        self.isRepeated = unsafe descriptor.label == PROTOBUF_C_LABEL_REPEATED
        self.isInOneof = unsafe descriptor.flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0
        self.offset = Int(unsafe descriptor.offset)
        self.quantifierOffset = Int(unsafe descriptor.quantifier_offset)
        var words = unsafe String(cString: descriptor.name).lowercased().split(separator: "_")
        // Words that all fields of a oneof share.
        if self.isInOneof { words.removeAll { $0 == "request" || $0 == "response" } }
        let name = words.joined()
        // Names that are whole words with us.
        switch name {
        case "perm": self.plainName = self.isRepeated ? "permissions" : "permission"
        case "permtype": self.plainName = "permissiontype"
        case "rev": self.plainName = "revision"
        default: self.plainName = name
        }
    }

    /// Whether the value is a message that a second one is merged into.
    var isSingularMessage: Bool {
        if case .message = self.kind { !self.isRepeated } else { false }
    }
}
