import { expect } from 'chai'
import { mongo } from 'mongoose'
import { QueuectlError } from '../../../src/domain/errors.ts'
import { domainError, isPassing } from '../../../src/store/mongo/errors.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'

const ADDRESS = parseUrl('mongodb://me:s3cret@h:1/jobs')
const reported = (error: unknown) => domainError(error, ADDRESS)
const fromServer = (code: number, errmsg = 'no s3cret') => new mongo.MongoServerError({ message: errmsg, errmsg, code })

describe('errors of MongoDB @posix @fast', () => {
  it('become errors that a user can act on, with their exit codes', () => {
    const cases: [unknown, string, number][] = [
      [new mongo.MongoNetworkError('s3cret reset'), 'unreachable', 69],
      [Object.assign(new Error('write EPIPE'), { syscall: 'write', code: 'EPIPE' }), 'unreachable', 69],
      [fromServer(91), 'unreachable', 69],
      [fromServer(64), 'unreachable', 69],
      [fromServer(18), 'configuration', 78],
      [fromServer(8000, 'bad auth : s3cret'), 'configuration', 78],
      [fromServer(13), 'configuration', 78],
      [fromServer(8000, 'user is not allowed to do action [find] on [jobs.meta]'), 'configuration', 78],
      [fromServer(8000, 'cannot create a new collection -- already using 500 collections of 500'), 'configuration', 78],
      [fromServer(8000, 'you are over your space quota, using 513 MB of 512 MB'), 'io', 74],
      [fromServer(8000, 'you have too many connections'), 'unreachable', 69],
      [fromServer(8000, 'anything else'), 'configuration', 78],
      [fromServer(28664, '$concatArrays only supports arrays, not string'), 'configuration', 78],
      [fromServer(43, 'cursor id 1 not found'), 'unreachable', 69],
      [new mongo.MongoCompatibilityError('reports wire version 6'), 'configuration', 78],
      [new mongo.MongoParseError('option s3cret'), 'configuration', 78],
      [Object.assign(new Error('ENOENT: /ca.pem'), { syscall: 'open', code: 'ENOENT' }), 'configuration', 78],
      [new mongo.MongoNetworkError('error:0480006C:PEM routines::no start line'), 'configuration', 78],
      [fromServer(10334), 'invalid_input', 2],
      [fromServer(14031), 'io', 74],
      [new mongo.MongoNotConnectedError('s3cret'), 'try_again', 75],
    ]
    for (const [error, code, exit_code] of cases) {
      const reported_error = reported(error)
      expect(reported_error, String(error)).to.be.instanceOf(QueuectlError)
      expect(reported_error, String(error)).to.include({ code, exit_code })
    }
  })

  it('never show the password (S2)', () => {
    for (const error of [
      fromServer(91),
      fromServer(2),
      new Error('s3cret'),
      's3cret',
      new mongo.MongoNetworkError('s3cret'),
    ]) {
      const { message, stack } = reported(error)
      expect(`${message} ${stack}`).to.not.contain('s3cret')
    }
  })

  it('of Atlas name the missing right, or the missing space', () => {
    const hint = (errmsg: string) => String((reported(fromServer(8000, errmsg)) as QueuectlError).hint)
    expect(hint('user is not allowed to do action [insert] on [jobs.meta]')).to.contain('readWrite')
    expect(hint('cannot create a new collection -- already using 500 collections of 500')).to.match(
      /remove unused databases/,
    )
    expect(hint('you are over your space quota')).to.contain('purge')
    expect(hint('no SNI name sent')).to.contain('mongodb+srv')
    expect(hint('anything else')).to.not.contain('readWrite')
  })

  it('report a server that answers as busy, not as out of reach', () => {
    for (const code of [43, 112, 237, 462, 11601])
      expect(reported(fromServer(code)).message).to.match(/cannot answer now/)
    for (const code of [6, 91, 189, 384]) expect(reported(fromServer(code)).message).to.match(/cannot be reached/)
  })

  // Names: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
  it('are passing by the server’s own list: lost cursors, interruptions, overload, snapshots, locks', () => {
    const codes = [
      43, 24, 175, 202, 237, 246, 276, 279, 317, 355, 358, 365, 384, 402, 406, 407, 412, 433, 449, 450, 453, 462, 11601,
      91331,
    ]
    expect(codes.filter((code) => !isPassing(fromServer(code)))).to.deep.equal([])
    for (const label of ['RetryableError', 'SystemOverloadedError', 'RetryableWriteError']) {
      const labelled = fromServer(9_999_999)
      expect(isPassing(labelled)).to.equal(false)
      labelled.addErrorLabel(label)
      expect(isPassing(labelled), label).to.equal(true)
    }
  })

  it('are passing when another try may succeed', () => {
    const stepped_down = [189, 10107, 11602, 13435].map((code) => fromServer(code))
    const broken = Object.assign(new Error('write ECONNRESET'), { syscall: 'write', code: 'ECONNRESET' })
    // Node's own error, which names no system call.
    const ended = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
    for (const error of [...stepped_down, new mongo.MongoNetworkError('reset'), broken, ended])
      expect(isPassing(error), String(error)).to.equal(true)
    for (const error of [fromServer(18), fromServer(121), new Error('bug')]) expect(isPassing(error)).to.equal(false)
  })
})
