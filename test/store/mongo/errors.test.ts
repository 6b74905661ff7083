import { expect } from 'chai'
import { mongo } from 'mongoose'
import { QueuectlError } from '../../../src/domain/errors.ts'
import { parseAddress } from '../../../src/store/mongo/address.ts'
import { domainError, isPassing } from '../../../src/store/mongo/errors.ts'

const ADDRESS = parseAddress('mongodb://me:s3cret@h:1/jobs')
const told = (error: unknown) => domainError(error, ADDRESS)
const fromServer = (code: number, errmsg = 'no s3cret') => new mongo.MongoServerError({ message: errmsg, errmsg, code })

describe('errors of MongoDB @posix @fast', () => {
  it('become what people can act on, with its exit code', () => {
    const cases: [unknown, string, number][] = [
      [new mongo.MongoNetworkError('s3cret reset'), 'unreachable', 69],
      [Object.assign(new Error('write EPIPE'), { syscall: 'write', code: 'EPIPE' }), 'unreachable', 69],
      [fromServer(91), 'unreachable', 69],
      [fromServer(64), 'unreachable', 69],
      [fromServer(18), 'configuration', 78],
      [fromServer(8000, 'bad auth : s3cret'), 'configuration', 78],
      [fromServer(13), 'configuration', 78],
      [new mongo.MongoCompatibilityError('reports wire version 6'), 'configuration', 78],
      [new mongo.MongoParseError('option s3cret'), 'configuration', 78],
      [Object.assign(new Error('ENOENT: /ca.pem'), { syscall: 'open', code: 'ENOENT' }), 'configuration', 78],
      [new mongo.MongoNetworkError('error:0480006C:PEM routines::no start line'), 'configuration', 78],
      [fromServer(10334), 'invalid_input', 2],
      [fromServer(14031), 'io', 74],
      [new mongo.MongoNotConnectedError('s3cret'), 'try_again', 75],
    ]
    for (const [error, code, exit_code] of cases) {
      const told_error = told(error)
      expect(told_error, String(error)).to.be.instanceOf(QueuectlError)
      expect(told_error, String(error)).to.include({ code, exit_code })
    }
  })

  it('never show the password, whatever they are (S2)', () => {
    for (const error of [
      fromServer(91),
      fromServer(2),
      new Error('s3cret'),
      's3cret',
      new mongo.MongoNetworkError('s3cret'),
    ]) {
      const { message, stack } = told(error)
      expect(`${message} ${stack}`).to.not.contain('s3cret')
    }
  })

  it('are passing when another try may do', () => {
    const stepped_down = [189, 10107, 11602, 13435].map((code) => fromServer(code))
    const broken = Object.assign(new Error('write ECONNRESET'), { syscall: 'write', code: 'ECONNRESET' })
    // Node's own, which names no call of the system.
    const ended = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' })
    for (const error of [...stepped_down, new mongo.MongoNetworkError('reset'), broken, ended])
      expect(isPassing(error), String(error)).to.equal(true)
    for (const error of [fromServer(18), fromServer(121), new Error('bug')]) expect(isPassing(error)).to.equal(false)
  })
})
