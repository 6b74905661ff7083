import { expect } from 'chai'
import { QueuectlError } from '../../../src/domain/errors.ts'
import { parseUrl } from '../../../src/store/mongo/url.ts'
import { projectText } from '../../helpers/sources.ts'

const labelOf = (url: string) => parseUrl(url).label

describe('a MongoDB address @posix @fast', () => {
  it('is shown without password and options', () => {
    expect(labelOf('mongodb://me:s3cret@db.example:27018/jobs?authSource=admin')).to.equal(
      'mongodb://me@db.example:27018/jobs',
    )
    expect(labelOf('mongodb+srv://me:s3cret@cluster.example')).to.equal('mongodb+srv://me@cluster.example/queuectl')
    expect(labelOf('mongodb://a:1,[::1]:2,c/?replicaSet=r')).to.equal('mongodb://a:1,[::1]:2,c/queuectl')
    expect(parseUrl('mongodb://h/')).to.include({ hosts: 'h', database: 'queuectl', names_database: false })
    expect(parseUrl('mongodb://h/jobs')).to.include({ database: 'jobs', names_database: true })
  })

  it('hides the password in any of its forms', () => {
    const { redact } = parseUrl('mongodb://me:a%40b%2fc@h/x')
    expect(redact('as given a%40b%2fc, plain a@b/c, encoded again a%40b%2Fc')).to.equal(
      'as given ***, plain ***, encoded again ***',
    )
    expect(parseUrl('mongodb://h/x').redact('nothing to hide')).to.equal('nothing to hide')
  })

  it('hides the password of a key too', () => {
    const { redact } = parseUrl('mongodb://h/x?tlsCertificateKeyFile=k.pem&tlsCertificateKeyFilePassword=s%263cret')
    expect(redact('as given s%263cret, plain s&3cret')).to.equal('as given ***, plain ***')
  })

  it('of a DNS record has no port, and is passed to the driver unchanged', () => {
    const url = 'mongodb+srv://me:s3cret@cluster0.ab1c.example.net/jobs?srvMaxHosts=2&srvServiceName=customname'
    expect(parseUrl(url)).to.include({
      label: 'mongodb+srv://me@cluster0.ab1c.example.net/jobs',
      hosts: 'cluster0.ab1c.example.net',
      driver_url: url,
    })
  })

  // The address that Atlas offers to copy.
  it('of Atlas is accepted as Atlas gives it', () => {
    const { label, driver_url } = parseUrl(
      'mongodb+srv://me:s3cret@c.ab1c.example.net/?retryWrites=true&w=majority&appName=Cluster0',
    )
    expect(label).to.equal('mongodb+srv://me@c.ab1c.example.net/queuectl')
    expect(driver_url).to.equal('mongodb+srv://me:s3cret@c.ab1c.example.net/?retryWrites=true')
  })

  const PASSED_ON = [
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
  it('keeps the options that the user decides, unchanged', () => {
    for (const text of PASSED_ON) expect(parseUrl(`mongodb://h/x?${text}`).driver_url).to.equal(`mongodb://h/x?${text}`)
  })

  const WITHOUT_EFFECT = [
    'w=majority&journal=true&readConcernLevel=majority&readPreference=primary',
    'W=%6dajority&j=true&FSYNC=true',
    'appName=a%20b&maxPoolSize=50&minPoolSize=1&maxIdleTimeMS=1&maxConnecting=1&serverMonitoringMode=stream',
    '',
    '&',
    'w=1',
    'w=majority&w=0',
    'w=2&journal=true',
    'j=false',
    'journal=false',
    'fsync=false',
    'readConcernLevel=local',
    'readpreference=secondaryPreferred',
    'readPreferenceTags=dc:ny',
    'maxStalenessSeconds=120',
    'wtimeout=77',
    'wtimeoutMS=77',
    'timeoutMS=77',
    'socketTimeoutMS=77',
    'connectTimeoutMS=77',
    'serverSelectionTimeoutMS=77',
    'waitQueueTimeoutMS=77',
    'waitQueueMultiple=2',
    'heartbeatFrequencyMS=600',
    'minHeartbeatFrequencyMS=600',
  ]
  it('drops the options that queuectl decides: durability, time-outs and connections', () => {
    for (const text of WITHOUT_EFFECT)
      expect(parseUrl(`mongodb://h/x?${text}`).driver_url, text).to.equal('mongodb://h/x')
    expect(parseUrl('mongodb://h/x?w=majority&tls=true&journal=true').driver_url).to.equal('mongodb://h/x?tls=true')
  })

  /** A part of an address that is refused, and the error for it. */
  const REFUSED = {
    'proxyHost=localhost': /option proxyHost .*not supported.*tunnel/,
    'proxyPort=1080': /option proxyPort .*not supported.*tunnel/,
    'proxyUsername=me': /option proxyUsername .*not supported.*tunnel/,
    'proxyPassword=s3cret': /option proxyPassword .*not supported.*tunnel/,
    'authMechanism=GSSAPI': /option authMechanism=GSSAPI .*not supported.*SCRAM-SHA-256.*MONGODB-X509/,
    'authMechanism=MONGODB-AWS': /option authMechanism=MONGODB-AWS .*not supported.*SCRAM-SHA-256/,
    'authMechanism=MONGODB-OIDC': /option authMechanism=MONGODB-OIDC .*not supported.*SCRAM-SHA-256/,
    'authMechanismProperties=AWS_SESSION_TOKEN:s3cret': /option authMechanismProperties .*not supported/,
    'gssapiServiceName=x': /option gssapiServiceName .*not supported/,
    'compressors=snappy': /option compressors=snappy .*not supported.*zstd/,
    'compressors=zlib,snappy': /option compressors=snappy .*not supported.*zstd/,
    'autoEncryption=x': /option autoEncryption .*not supported.*encrypt the server’s disk/,
    'mongodbLogPath=stdout': /option mongodbLogPath .*is unknown/,
    'promoteValues=false': /option promoteValues .*is unknown/,
    'dbName=other': /option dbName .*is unknown/,
  }

  for (const [text, about] of Object.entries(REFUSED)) {
    it(`is refused for an option that is not supported, by its name: ${text}`, () => {
      const error = refusalOf(() => parseUrl(`mongodb://me:s3cret@h/x?tls=true&${text}`))
      expect(error).to.include({ code: 'configuration', exit_code: 78 })
      expect(`${error.message}; ${error.hint}`).to.match(about).and.to.not.contain('s3cret')
    })
  }

  it('has only options that the documentation lists, except those for tests and unknown ones', () => {
    const documentation = projectText('docs/several-hosts.md').toLowerCase()
    const known = Object.entries(REFUSED).filter(([, about]) => !about.source.includes('is unknown'))
    const texts = [...PASSED_ON, ...WITHOUT_EFFECT, ...known.map(([text]) => text)]
    const names = texts.flatMap((text) => [...new URLSearchParams(text).keys()].map((name) => name.toLowerCase()))
    expect(names.filter((name) => !documentation.includes(`\`${name}`))).to.deep.equal([])
  })

  it('is refused when it names a database of the server itself', () => {
    for (const name of ['admin', 'config', 'local']) {
      const error = refusalOf(() => parseUrl(`mongodb://me:s3cret@h/${name}?authSource=admin`))
      expect(error).to.include({ exit_code: 78, message: `the database "${name}" is reserved by MongoDB` })
    }
  })

  it('is refused when malformed, without showing any of it', () => {
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
