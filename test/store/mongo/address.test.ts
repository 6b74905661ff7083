import { expect } from 'chai'
import { QueuectlError } from '../../../src/domain/errors.ts'
import { parseAddress } from '../../../src/store/mongo/address.ts'

const labelOf = (url: string) => parseAddress(url).label

describe('a MongoDB address @posix @fast', () => {
  it('is shown without password and options', () => {
    expect(labelOf('mongodb://me:s3cret@db.example:27018/jobs?authSource=admin')).to.equal(
      'mongodb://me@db.example:27018/jobs',
    )
    expect(labelOf('mongodb+srv://me:s3cret@cluster.example')).to.equal('mongodb+srv://me@cluster.example/queuectl')
    expect(labelOf('MONGODB://a:1,[::1]:2,c/?replicaSet=r')).to.equal('mongodb://a:1,[::1]:2,c/queuectl')
    expect(parseAddress('mongodb://h/')).to.include({ hosts: 'h', database: 'queuectl', names_database: false })
    expect(parseAddress('mongodb://h/jobs')).to.include({ database: 'jobs', names_database: true })
  })

  it('blacks out the password in any of its forms', () => {
    const { redact } = parseAddress('mongodb://me:a%40b%2fc@h/x')
    expect(redact('as given a%40b%2fc, plain a@b/c, encoded anew a%40b%2Fc')).to.equal(
      'as given ***, plain ***, encoded anew ***',
    )
    expect(parseAddress('mongodb://h/x').redact('nothing to hide')).to.equal('nothing to hide')
  })

  it('is refused when it names a database of the server’s own', () => {
    for (const name of ['admin', 'config', 'local']) {
      const error = refusalOf(() => parseAddress(`mongodb://me:s3cret@h/${name}?authSource=admin`))
      expect(error).to.include({ exit_code: 78, message: `the database "${name}" is MongoDB’s own` })
    }
  })

  it('is refused when malformed, without a word of it', () => {
    const urls = [
      'mongodb://',
      'mongodb://me:s3cret@/x',
      'mongodb://me:s3@cret@h/x',
      'mongodb://me:s3/cret@h/x',
      'mongodb://me:s3?cret@h/x',
      'mongodb://me:12?3s3cret@h/x',
      'mongodb://me:s3#cret@h/x',
      'mongodb://me:s3cret@h:x/y',
      'mongodb://me:s3cret@h:70000/y',
      'mongodb+srv://me:s3cret@h:27017/y',
      'mongodb+srv://me:s3cret@a,b/y',
      'mongodb://me:s3cret@h/x?option',
      'mongodb://me:s3cret@h /x',
      'mongodb://me:s3cret@h/a b',
      'mongodb://me:s3cret@h/a%2Fb',
      'mongodb://me:s3cret@h/$x',
      'mongodb://me:s3cret@h/a.b',
      `mongodb://me:s3cret@h/${'x'.repeat(64)}`,
    ]
    for (const url of urls) {
      const error = refusalOf(() => parseAddress(url))
      expect(error, url).to.include({ code: 'configuration', exit_code: 78 })
      expect(error.message, url).to.not.match(/s3|cret|12/)
    }
  })
})

function refusalOf(call: () => unknown): QueuectlError {
  try {
    call()
  } catch (error) {
    if (error instanceof QueuectlError) return error
  }
  throw new Error('nothing was refused')
}
