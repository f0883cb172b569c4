import type { Dice } from './random.ts';

const split = (text: string) => text.trim().split(/\s+/);

export const givenNames = split(`Aiko Amara Anders Beatriz Bilal Carmen Chidi Clara Dmitri Elif Emeka Farah Finn Giulia Hana Hugo Ines Ivan
  Jamila Jonas Kaito Leila Lena Liam Lucía Mads Maren Mateo Mei Milan Nadia Nils Noor Olga Omar Paula Pilar Quentin Rafael Rosa Sanne Selma
  Sofia Tariq Theo Tomás Uma Vera Wanjiru Xavier Yara Yusuf Zofia Zoë`);
export const familyNames = split(`Abadi Andersen Bakker Bauer Becker Bianchi Castro Chen Cohen Costa Demir Dubois Eriksen Fernández Fischer
  Gonzalez Haddad Hansen Ito Ivanova Jansen Kaya Kim Kowalski Lindqvist Lopez Mbeki Meyer Moreau Müller Nakamura Nguyen Novak Nowak O'Brien
  Okafor Olsen Park Petrov Popescu Ricci Rossi Santos Schmidt Silva Singh Sørensen Suzuki Tanaka Varga Wójcik Yilmaz Zhang`);
export const cities = split(
  'Amsterdam Athens Bergen Berlin Bilbao Bologna Bruges Dublin Ghent Graz Kraków Lisbon Lyon Malmö Porto Riga Tartu Turin Utrecht Vienna',
);

const nouns = split(`night river season winter orchestra quartet garden mirror horizon harbour island letter machine memory ocean palace
  shadow silence station summer theatre thunder tower valley voyage window city forest carnival stranger sister brother king queen fool`);
const adjectives = split('quiet golden last first lost distant electric gentle hidden hollow midnight northern restless silver southern wild young');
const fillers = split(`the the the the a a and and and of of to to in in was was it it with with for but very so we they our their had
  music stage seats view sound light evening staff queue entrance show performance second act finale audience friends family children
  worth ticket price row balcony again really loved enjoyed expected liked felt heard saw came left stayed early late long short good great
  poor excellent friendly crowded cold warm clear beautiful surprising wonderful average disappointing`);

export function title(random: Dice): string {
  const word = (list: readonly string[]) => capital(random.pick(list));
  switch (random.whole(0, 3)) {
    case 0:
      return `The ${word(adjectives)} ${word(nouns)}`;
    case 1:
      return `${word(nouns)} of the ${word(nouns)}`;
    case 2:
      return `${word(adjectives)} ${word(nouns)}s`;
    default:
      return `${word(nouns)} and ${word(nouns)}`;
  }
}

/** Plain running text of the given number of words, in sentences. */
export function prose(random: Dice, words: number): string {
  const sentences: string[] = [];
  for (let left = words; left > 0;) {
    const length = Math.min(left, random.whole(4, 12));
    sentences.push(`${capital(Array.from({ length }, () => random.skewed(fillers)).join(' '))}.`);
    left -= length;
  }
  return sentences.join(' ');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
