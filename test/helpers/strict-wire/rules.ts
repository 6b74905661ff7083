const MANUAL = 'https://www.mongodb.com/docs/v6.0/'
const SERVER = 'https://github.com/mongodb/mongo/blob/r6.0.0/src/mongo/'

/** A rule of MongoDB 6.0, or of ours, for every command. */
export interface Rule {
  rule: string
  /** The source of the rule: a page of the manual, a file of the server, or a file of ours. */
  source: string
}

/** The rules, by name. Examples that break each and that do not are in test/store/mongo/strict-wire-examples.ts. */
export const RULES = {
  'upsert-filter': {
    rule: 'no $expr, $where, $near, $nearSphere or $text in the filter of an upsert',
    source: `${SERVER}db/ops/parsed_update.cpp (QueryFeatureNotAllowed, 224)`,
  },
  'filter-operator': {
    rule: 'operators of filters are known, each in its place',
    source: `${SERVER}db/matcher/expression_parser.cpp (unknown operator; unknown top level operator)`,
  },
  'filter-list': {
    rule: '$in, $nin and $all take an array without operators in it; $and, $or and $nor one of documents that is not empty',
    source: `${SERVER}db/matcher/expression_parser.cpp ($in needs an array; $and/$or/$nor must be a nonempty array)`,
  },
  'filter-not': {
    rule: '$not takes a regular expression, or a document of operators that is not empty; $elemMatch a document',
    source: `${SERVER}db/matcher/expression_parser.cpp ($not needs a regex or a document)`,
  },
  'filter-argument': {
    rule: '$type takes known types, $size a whole number, $regex a pattern, and $options stand beside $regex',
    source: `${SERVER}db/matcher/expression_parser.cpp; ${SERVER}db/matcher/matcher_type_set.cpp`,
  },
  'operators-beside-fields': {
    rule: 'operators and fields are not mixed in one document',
    source: `${SERVER}db/matcher/expression_parser.cpp; ${SERVER}db/update/update_driver.cpp (unknown operator; Unknown modifier)`,
  },
  'variable-outside': {
    rule: 'a variable ("$$NOW") is used in expressions only: elsewhere it would be stored, or compared, as text',
    source: `${MANUAL}reference/aggregation-variables/`,
  },
  'expression-operator': {
    rule: 'operators of expressions are known to 6.0',
    source: `${SERVER}db/pipeline/expression.cpp (Unrecognized expression, InvalidPipelineOperator 168)`,
  },
  'expression-single': {
    rule: 'an expression has one operator and no other fields',
    source: `${SERVER}db/pipeline/expression.cpp (an object representing an expression must have exactly one field, 15983)`,
  },
  'expression-arity': {
    rule: 'an operator of expressions has the right number of arguments, with names that it knows',
    source: `${SERVER}db/pipeline/expression.h (ExpressionFixedArity 16020, ExpressionRangedArity 28667)`,
  },
  'expression-variable': {
    rule: 'variables of expressions are defined: by the server, or by $let, $map, $filter or $reduce around them',
    source: `${SERVER}db/pipeline/variables.cpp (Use of undefined variable, 17276)`,
  },
  'expression-path': {
    rule: 'a path has no empty part and no part that starts with a dollar',
    source: `${SERVER}db/pipeline/field_path.cpp (15998, 16410, 40353)`,
  },
  'update-operator': {
    rule: 'operators of updates are known, and take a document of fields',
    source: `${SERVER}db/update/modifier_table.cpp; ${SERVER}db/update/update_driver.cpp (Unknown modifier)`,
  },
  'update-multi': {
    rule: 'an update of several documents has operators or a pipeline, not a replacement document',
    source: `${SERVER}db/update/update_driver.cpp (multi update is not supported for replacement-style update)`,
  },
  'update-path': {
    rule: 'an update has no path twice, nor a path inside another',
    source: `${SERVER}db/update/update_object_node.cpp (ConflictingUpdateOperators, 40)`,
  },
  'update-number': {
    rule: '$inc and $mul take numbers',
    source: `${SERVER}db/update/arithmetic_node.cpp (Cannot increment with non-numeric argument, 14)`,
  },
  'update-id': {
    rule: 'no update gives a document another _id, and no pipeline sets it',
    source: `${SERVER}db/update/object_replace_executor.cpp (ImmutableField, 66)`,
  },
  'update-array-filters': {
    rule: 'no arrayFilters beside a pipeline',
    source: `${SERVER}db/update/update_driver.cpp; ${MANUAL}reference/command/update/#update-with-an-aggregation-pipeline`,
  },
  'update-stage': {
    rule: 'the stages of an update are $set, $addFields, $unset, $project, $replaceRoot and $replaceWith',
    source: `${SERVER}db/update/pipeline_executor.cpp (is not allowed to be used within an update, 72)`,
  },
  'find-and-modify': {
    rule: 'findAndModify removes or updates, and what it removes is neither upserted nor returned as new',
    source: `${MANUAL}reference/command/findAndModify/`,
  },
  'delete-limit': {
    rule: 'the limit of a delete is 0 or 1',
    source: `${SERVER}db/ops/write_ops.cpp (The limit field in delete objects must be 0 or 1, 9)`,
  },
  'pipeline-stage': {
    rule: 'a stage is one known operator; $changeStream comes first, $out and $merge last',
    source: `${SERVER}db/pipeline/document_source.cpp (40323, 40324)`,
  },
  'pipeline-group': {
    rule: '$group has an _id and known accumulators',
    source: `${SERVER}db/pipeline/document_source_group.cpp (15955, 15951, 15952)`,
  },
  'sort-order': {
    rule: 'a sort order has 1 or -1 for each field',
    source: `${SERVER}db/query/sort_pattern.cpp (15975)`,
  },
  'projection-mixed': {
    rule: 'a projection either includes or excludes fields, except _id',
    source: `${SERVER}db/query/projection_parser.cpp (31253, 31254)`,
  },
  'index-key': {
    rule: 'an index has a name and a key of fields, each 1 or -1: we use no text, hashed or geo index',
    source: `${SERVER}db/catalog/index_key_validate.cpp (CannotCreateIndex, 67)`,
  },
  'index-option': {
    rule: 'options of an index are known; expireAfterSeconds requires a single field, and is 0 to 2147483647',
    source: `${SERVER}db/catalog/index_key_validate.cpp; ${MANUAL}core/index-ttl/#restrictions`,
  },
  'index-partial-sparse': {
    rule: 'an index is not both partial and sparse',
    source: `${SERVER}db/catalog/index_catalog_impl.cpp (cannot mix "partialFilterExpression" and "sparse" options)`,
  },
  'index-partial': {
    rule: 'a partial index takes equality, $gt, $gte, $lt, $lte, $exists: true, $type, $in, $and and $or',
    source: `${SERVER}db/catalog/index_catalog_impl.cpp (unsupported expression in partial index); ${MANUAL}core/index-partial/`,
  },
  validator: {
    rule: 'a validator has no $near, $nearSphere, $text, $where or $function',
    source: `${MANUAL}core/schema-validation/specify-query-expression-rules/`,
  },
  'transaction-standalone': {
    rule: 'no transaction number for a standalone server',
    source: `${SERVER}db/initialize_operation_session_info.cpp (Transaction numbers are only allowed on a replica set member or mongos, 20)`,
  },
  'transaction-multi': {
    rule: 'no transaction number on a write of many documents',
    source: `${MANUAL}core/retryable-writes/#retryable-write-operations`,
  },
  'read-concern-place': {
    rule: 'only aggregate, count, distinct and find have a read concern',
    source: `${MANUAL}reference/read-concern/#read-concern-support`,
  },
  'write-concern-place': {
    rule: 'only commands that write have a write concern',
    source: `${MANUAL}reference/write-concern/; ${SERVER}db/commands.h (supportsWriteConcern; InvalidOptions, 72)`,
  },
  'read-concern-ours': {
    rule: 'reads have read concern majority, except those of output',
    source: 'src/store/mongo/connection.ts, src/store/mongo/outputs.ts',
  },
  'write-concern-ours': {
    rule: 'writes wait for the journals of a majority until our deadline, except those of output',
    source: 'src/store/mongo/connection.ts, src/store/mongo/outputs.ts',
  },
  role: {
    rule: 'readWrite on the database of the queue is enough for each command, except the fix that names dbAdmin; read is enough for commands that only read',
    source: `${SERVER}db/auth/builtin_roles.yml; ${MANUAL}reference/built-in-roles/#database-user-roles`,
  },
  'field-unknown': {
    rule: 'an update sets only fields of the schema: mongoose does not check pipelines',
    source: 'src/store/mongo/models.ts',
  },
  'document-size': {
    rule: 'a document has at most 16 MiB, and a command at most 16 KiB besides what it writes',
    source: `${MANUAL}reference/limits/#bson-documents; ${SERVER}bson/util/builder.h (BSONObjMaxUserSize)`,
  },
  'message-size': {
    rule: 'a message has at most 48,000,000 bytes, and a batch 1 to 100,000 writes',
    source: `${MANUAL}reference/command/hello/ (maxMessageSizeBytes, maxWriteBatchSize)`,
  },
  'document-depth': {
    rule: 'at most 100 levels of nested documents',
    source: `${MANUAL}reference/limits/#nested-depth-for-bson-documents`,
  },
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof RULES
