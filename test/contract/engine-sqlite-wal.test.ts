import { makeSqliteSubject } from '../helpers/sqlite/subject.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('sqlite, write-ahead log', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'wal' }));
