import { expect } from 'chai'
import { QueuectlError } from '../../../src/domain/errors.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { projectText } from '../../helpers/sources.ts'

const labelOf = (url: string) => parseUrl(url).label

describe('a MongoDB address', () => {
  it('is shown without password and options', () => {
    expect(labelOf('mongodb://me:s3cret@db.example:27018/jobs?authSource=admin')).to.equal(
      'mongodb://me@db.example:27018/jobs',
    )
    expect(labelOf('mongodb+srv://me:s3cret@cluster.example')).to.equal('mongodb+srv://me@cluster.example/queuectl')
    expect(labelOf('mongodb://a:1,[::1]:2,c/?replicaSet=r')).to.equal('mongodb://a:1,[::1]:2,c/queuectl')
    expect(parseUrl('mongodb://h/')).to.include({ hosts: 'h', database: 'queuectl', names_database: false })
    expect(parseUrl('mongodb://h/jobs')).to.include({ database: 'jobs', names_database: true })
  })

  it('blacks out the password in any of its forms', () => {
    const { redact } = parseUrl('mongodb://me:a%40b%2fc@h/x')
    expect(redact('as given a%40b%2fc, plain a@b/c, encoded anew a%40b%2Fc')).to.equal(
      'as given ***, plain ***, encoded anew ***',
    )
    expect(parseUrl('mongodb://h/x').redact('nothing to hide')).to.equal('nothing to hide')
  })

  it('blacks out the password of a key too', () => {
    const { redact } = parseUrl('mongodb://h/x?tlsCertificateKeyFile=k.pem&tlsCertificateKeyFilePassword=s%263cret')
    expect(redact('as given s%263cret, plain s&3cret')).to.equal('as given ***, plain ***')
  })

  it('of a DNS record has no port, and goes to the driver as it is', () => {
    const url = 'mongodb+srv://me:s3cret@cluster0.ab1c.example.net/jobs?srvMaxHosts=2&srvServiceName=customname'
    expect(parseUrl(url)).to.include({
      label: 'mongodb+srv://me@cluster0.ab1c.example.net/jobs',
      hosts: 'cluster0.ab1c.example.net',
      driver_url: url,
    })
  })

  // What Atlas offers to copy.
  it('of a cloud is taken as it is given out there', () => {
    const { label, driver_url } = parseUrl(
      'mongodb+srv://me:s3cret@c.ab1c.example.net/?retryWrites=true&w=majority&appName=Cluster0',
    )
    expect(label).to.equal('mongodb+srv://me@c.ab1c.example.net/queuectl')
    expect(driver_url).to.equal('mongodb+srv://me:s3cret@c.ab1c.example.net/?retryWrites=true')
  })

  const TAKEN = [
    'authSource=admin&authMechanism=SCRAM-SHA-1',
    'authMechanism=MONGODB-X509&tls=true&tlsCAFile=%2Fetc%2Fca.pem&tlsCertificateKeyFile=a+b.pem',
    'ssl=true&tlsInsecure=true',
    'tls=true&tlsAllowInvalidCertificates=true&tlsAllowInvalidHostnames=true&tlsCRLFile=x',
    'compressors=zstd,zlib&zlibCompressionLevel=6',
    'replicaSet=rs&retryWrites=false&retryReads=false&localThresholdMS=5&family=4',
    'srvMaxHosts=1&srvServiceName=x&srvAllowedHostsSuffix=example.net',
    'directConnection=true',
    'loadBalanced=true',
  ]
  it('keeps what is the user’s to say, to the letter', () => {
    for (const text of TAKEN) expect(parseUrl(`mongodb://h/x?${text}`).driver_url).to.equal(`mongodb://h/x?${text}`)
  })

  const WITHOUT_EFFECT = [
    'w=majority&journal=true&readConcernLevel=majority&readPreference=primary',
    'W=%6dajority&j=true&FSYNC=true',
    'appName=a%20b&maxPoolSize=50&minPoolSize=1&maxIdleTimeMS=1&maxConnecting=1&serverMonitoringMode=stream',
    '',
    '&',
  ]
  it('may repeat what holds anyway, and loses it together with what is not heeded', () => {
    for (const text of WITHOUT_EFFECT)
      expect(parseUrl(`mongodb://h/x?${text}`).driver_url, text).to.equal('mongodb://h/x')
    expect(parseUrl('mongodb://h/x?w=majority&tls=true&journal=true').driver_url).to.equal('mongodb://h/x?tls=true')
  })

  /** A part of an address that is refused, and what the error says of it. */
  const REFUSED = {
    'w=1': /option w=1 .*contradicts/,
    'w=majority&w=0': /option w=0 .*contradicts/,
    'w=2&journal=true': /option w=2 .*contradicts/,
    'j=false': /option j=false .*contradicts/,
    'journal=false': /option journal=false .*contradicts/,
    'fsync=false': /option fsync=false .*contradicts/,
    'readConcernLevel=local': /option readConcernLevel=local .*contradicts/,
    'readpreference=secondaryPreferred': /option readpreference=secondaryPreferred .*contradicts/,
    'readPreferenceTags=dc:ny': /option readPreferenceTags .*contradicts/,
    'maxStalenessSeconds=120': /option maxStalenessSeconds .*contradicts/,
    'wtimeout=77': /option wtimeout .*not to be set/,
    'wtimeoutMS=77': /option wtimeoutMS .*not to be set/,
    'timeoutMS=77': /option timeoutMS .*not to be set/,
    'socketTimeoutMS=77': /option socketTimeoutMS .*not to be set/,
    'connectTimeoutMS=77': /option connectTimeoutMS .*not to be set/,
    'serverSelectionTimeoutMS=77': /option serverSelectionTimeoutMS .*not to be set/,
    'waitQueueTimeoutMS=77': /option waitQueueTimeoutMS .*not to be set/,
    'waitQueueMultiple=2': /option waitQueueMultiple .*not to be set/,
    'heartbeatFrequencyMS=600': /option heartbeatFrequencyMS .*not to be set/,
    'minHeartbeatFrequencyMS=600': /option minHeartbeatFrequencyMS .*not to be set/,
    'proxyHost=localhost': /option proxyHost .*cannot do.*tunnel/,
    'proxyPort=1080': /option proxyPort .*cannot do.*tunnel/,
    'proxyUsername=me': /option proxyUsername .*cannot do.*tunnel/,
    'proxyPassword=s3cret': /option proxyPassword .*cannot do.*tunnel/,
    'authMechanism=GSSAPI': /option authMechanism=GSSAPI .*cannot do.*SCRAM-SHA-256.*MONGODB-X509/,
    'authMechanism=MONGODB-AWS': /option authMechanism=MONGODB-AWS .*cannot do.*SCRAM-SHA-256/,
    'authMechanism=MONGODB-OIDC': /option authMechanism=MONGODB-OIDC .*cannot do.*SCRAM-SHA-256/,
    'authMechanismProperties=AWS_SESSION_TOKEN:s3cret': /option authMechanismProperties .*cannot do/,
    'gssapiServiceName=x': /option gssapiServiceName .*cannot do/,
    'compressors=snappy': /option compressors=snappy .*cannot do.*zstd/,
    'compressors=zlib,snappy': /option compressors=snappy .*cannot do.*zstd/,
    'autoEncryption=x': /option autoEncryption .*cannot do.*encrypt its disk/,
    'mongodbLogPath=stdout': /option mongodbLogPath .*not known/,
    'promoteValues=false': /option promoteValues .*not known/,
    'dbName=other': /option dbName .*not known/,
  }

  for (const [text, about] of Object.entries(REFUSED)) {
    it(`is refused by name for what contradicts the promise, or cannot be done: ${text}`, () => {
      const error = refusalOf(() => parseUrl(`mongodb://me:s3cret@h/x?tls=true&${text}`))
      expect(error).to.include({ code: 'configuration', exit_code: 78 })
      expect(`${error.message}; ${error.hint}`).to.match(about).and.to.not.contain('s3cret')
    })
  }

  it('has no option that the documentation leaves out, but those for tests and those that are not known', () => {
    const documentation = projectText('docs/several-hosts.md').toLowerCase()
    const known = Object.entries(REFUSED).filter(([, about]) => !about.source.includes('not known'))
    const texts = [...TAKEN, ...WITHOUT_EFFECT, ...known.map(([text]) => text)]
    const names = texts.flatMap((text) => [...new URLSearchParams(text).keys()].map((name) => name.toLowerCase()))
    expect(names.filter((name) => !documentation.includes(`\`${name}`))).to.deep.equal([])
  })

  it('is refused when it names a database of the server’s own', () => {
    for (const name of ['admin', 'config', 'local']) {
      const error = refusalOf(() => parseUrl(`mongodb://me:s3cret@h/${name}?authSource=admin`))
      expect(error).to.include({ exit_code: 78, message: `the database "${name}" is MongoDB’s own` })
    }
  })

  it('is refused when malformed, without a word of it', () => {
    const urls = [
      'mongodb://',
      'MONGODB://me:s3cret@h/x',
      'mongodb:/me:s3cret@h/x',
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
      const error = refusalOf(() => parseUrl(url))
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
