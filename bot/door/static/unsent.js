// Keeps what was typed but not yet stored by the server, so that a dropped line or a reload loses nothing.
const DRAFT = "firstline.draft";
const QUEUE = "firstline.queue";
const MARK = "firstline.mark";

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page still works, it only forgets on a reload.
  }
}

export class Unsent {
  // mark: whose chat this is. Texts meant for another chat are never sent by themselves: they go back into the box.
  constructor(mark) {
    this.queue = read(QUEUE, []);
    this.draft = read(DRAFT, "");
    if (read(MARK, mark) !== mark) {
      this.draft = [this.draft, ...this.queue.map((item) => item.title)].filter(Boolean).join("\n");
      this.queue = [];
    }
    write(MARK, mark);
    this.save();
  }

  save() {
    write(DRAFT, this.draft);
    write(QUEUE, this.queue);
  }

  keep(draft) {
    this.draft = draft;
    this.save();
  }

  add(item) {
    this.queue.push(item);
    this.save();
  }

  remove(id) {
    this.queue = this.queue.filter((item) => item.id !== id);
    this.save();
  }

  forget() {
    this.queue = [];
    this.draft = "";
    try {
      localStorage.clear();
      sessionStorage.clear();
    } catch {
      // Storage is forbidden, so there is nothing in it.
    }
  }
}
