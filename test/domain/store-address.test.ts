import { expect } from 'chai'
import { holdsSecret, isMistypedUrl, isShared, sameStore, withoutSecrets } from '../../src/domain/store-address.ts'

describe('the address of a store', () => {
  it('shows no password, even if it is mistyped (S2)', () => {
    const texts = {
      'cannot open mongodb://me:s3cret@h/x': 'cannot open mongodb://me:***@h/x',
      'mongodb+srv://me:s3c@ret@h': 'mongodb+srv://me:***@h',
      'MONGODB:/me:s3cret@h/x': 'MONGODB:/me:***@h/x',
      'mongodb:me:s3cret@h': 'mongodb:me:***@h',
      'mongodb//me:s3cret@h': 'mongodb//me:***@h',
      'mongodb;//me:s3cret@h': 'mongodb;//me:***@h',
      'mongo://me:s3cret@h': 'mongo://me:***@h',
      'mongodb://h/x?tlsCertificateKeyFilePassword=s3cret&tls=true':
        'mongodb://h/x?tlsCertificateKeyFilePassword=***&tls=true',
      'no store for postgres://me:s3cret@h/x': 'no store for postgres://me:***@h/x',
    }
    for (const [text, shown] of Object.entries(texts)) expect(withoutSecrets(text)).to.equal(shown)
  })

  it('is shown unchanged without a password', () => {
    for (const text of [
      'mongodb://me@h:27017/x?authSource=admin',
      'MongoDB at h:27017 cannot be reached: me@h',
      '/data/mongodb/a:1@b.db',
      'https://h:8080/a/me@h',
    ])
      expect(withoutSecrets(text)).to.equal(text)
  })

  it('is mistyped if it was meant for MongoDB but is not a URL', () => {
    for (const text of ['MONGODB://h', 'mongodb:/h', 'mongodb+srv:h', 'Mongo://h', '"mongodb://h"', ' mongodb://h'])
      expect(isMistypedUrl(text), text).to.equal(true)
    for (const text of [
      'mongodb://h',
      'mongodb+srv://h',
      'mongodb/a:1',
      'mongo-data:1',
      'c:\\mongodb',
      'x.mongodb://h',
    ])
      expect(isMistypedUrl(text), text).to.equal(false)
  })

  it('is shared if it is a URL; such a URL may contain a password and name the same store as another', () => {
    for (const url of ['mongodb://h/x', 'MONGODB+SRV://h/x', 'postgres://h/x'])
      expect(isShared(url), url).to.equal(true)
    for (const file of ['q.db', 'c:\\q.db', 'sqlite:q.db', 'SQLITE://q.db', 'file:///q.db'])
      expect(isShared(file), file).to.equal(false)
    expect(['postgres://me:a@h/x', 'postgres://h/x?password=a', 'postgres://me@h/x', '/q:a@b'].map(holdsSecret)).to.eql(
      [true, true, false, false],
    )
    expect(sameStore('postgres://me:a@h/x', 'postgres://h/x?tls=true')).to.equal(true)
    expect(sameStore('mongodb+srv://h/x', 'mongodb://h/x')).to.equal(true)
    for (const other of ['mongodb://h/x', 'postgres://h/y', 'postgres://g/x', '/h/x', ''])
      expect(sameStore('postgres://h/x', other), other).to.equal(false)
    expect(sameStore('file:///q.db', 'file:///q.db')).to.equal(false)
  })
})
