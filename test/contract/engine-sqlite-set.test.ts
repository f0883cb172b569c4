import { makeSqliteSubject } from '../helpers/sqlite/subject.ts';
import { engineSuite } from './engine-suite.ts';

engineSuite('sqlite, a set of files', { inPlace: true, imports: true }, () => makeSqliteSubject({ journal: 'wal', attached: true }));
