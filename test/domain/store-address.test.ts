import { expect } from 'chai'
import { isMistypedUrl, withoutSecrets } from '../../src/domain/store-address.ts'

describe('the address of a store', () => {
  it('shows no password, also where it is mistyped (S2)', () => {
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
    }
    for (const [text, shown] of Object.entries(texts)) expect(withoutSecrets(text)).to.equal(shown)
  })

  it('is shown as it is where it has none', () => {
    for (const text of [
      'mongodb://me@h:27017/x?authSource=admin',
      'MongoDB at h:27017 cannot be reached: me@h',
      '/data/mongodb/a:1@b.db',
    ])
      expect(withoutSecrets(text)).to.equal(text)
  })

  it('is mistyped where it was meant for MongoDB and is no URL', () => {
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
})
