/** Three looks for the pages' tests and the docs' pictures: drawings, so that nothing needs a licence. */

export const LOOKS = [
  {
    title: "Harbour Nights",
    description: "Five clues by the water.",
    colour: "#0b5c8a",
    background: "#f2f8fb",
    font: "sans",
  },
  {
    title: "A Night at the Museum",
    description: "What do the portraits whisper?",
    colour: "#7a1f3d",
    background: "#fbf6ec",
    font: "serif",
  },
  {
    title: "Capture the Quay",
    description: "One night, twenty flags.",
    colour: "#00c27a",
    background: "#0d1117",
    font: "mono",
  },
] as const;

const drawing = (width: number, height: number, inner: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${inner}</svg>`;

const MARKS = [
  // An anchor.
  '<g fill="none" stroke="#f4b942" stroke-width="9" stroke-linecap="round"><circle cx="60" cy="26" r="13"/><path d="M60 39v66M36 56h48M18 74c2 24 22 34 42 34s40-10 42-34"/></g>',
  // A column.
  '<g fill="#e7c27d"><path d="M14 36 60 10l46 26v10H14z"/><path d="M24 54h12v42H24zM54 54h12v42H54zM84 54h12v42H84zM12 100h96v10H12z"/></g>',
  // A flag.
  '<g><path d="M28 12v98" stroke="#e6edf3" stroke-width="9" stroke-linecap="round"/><path d="M36 18h62L82 42l16 24H36z" fill="#00c27a"/></g>',
];

export const logoOf = (place: number): string => drawing(120, 120, MARKS[place] ?? "");

export const COVERS = [
  drawing(
    1_200,
    675,
    '<defs><linearGradient id="a" x2="0" y2="1"><stop stop-color="#0a2740"/><stop offset="1" stop-color="#2f84ad"/></linearGradient></defs><rect width="1200" height="675" fill="url(#a)"/><circle cx="930" cy="150" r="58" fill="#f6e7b4"/><path d="M0 470h1200v205H0z" fill="#0b3b59"/><path d="M250 470l26-260h48l26 260z" fill="#f2f2ee"/><path d="M262 340h76l8 66h-92z" fill="#c5432f"/><path d="M268 180h64v30h-64z" fill="#f6d66b"/><path d="M332 190 780 90v150z" fill="#f6e7b4" opacity=".35"/><path d="M640 470h300l-44 66H690z" fill="#10222f"/><path d="M700 400h120v70H700z" fill="#c5432f"/><path d="M0 560q60-26 120 0t120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0v115H0z" fill="#0a2f49"/>',
  ),
  drawing(
    1_200,
    675,
    '<rect width="1200" height="675" fill="#5a1730"/><path d="M0 560h1200v115H0z" fill="#2f0c19"/><g fill="#d9b877"><path d="M150 110h250v330H150zM475 80h250v360H475zM800 110h250v330H800z"/></g><g fill="#3a2a2c"><path d="M175 135h200v280H175z"/><path d="M500 105h200v310H500z"/><path d="M825 135h200v280H825z"/></g><g fill="#e9cfa6"><circle cx="275" cy="235" r="48"/><path d="M195 415c0-80 36-122 80-122s80 42 80 122z"/><circle cx="600" cy="215" r="52"/><path d="M512 415c0-92 40-138 88-138s88 46 88 138z"/><circle cx="925" cy="235" r="48"/><path d="M845 415c0-80 36-122 80-122s80 42 80 122z"/></g>',
  ),
  drawing(
    1_200,
    675,
    '<rect width="1200" height="675" fill="#0d1117"/><g stroke="#00c27a" stroke-width="2" opacity=".5"><path d="M0 430h1200M0 480h1200M0 540h1200M0 610h1200M600 400 0 675M600 400l-300 275M600 400v275M600 400l300 275M600 400l600 275"/></g><circle cx="600" cy="270" r="130" fill="none" stroke="#00c27a" stroke-width="10"/><path d="M600 90v360M420 270h360" stroke="#00c27a" stroke-width="4"/><path d="M560 210v130M560 215h100l-26 32 26 32H560z" fill="#e6edf3" stroke="#e6edf3" stroke-width="6"/>',
  ),
];
