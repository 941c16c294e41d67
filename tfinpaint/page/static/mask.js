"use strict";

// What is hidden, drawn on a canvas over the photo: opaque where hidden. At most LONGEST pixels wide or high.
const LONGEST = 2048;

class MaskEditor {
  constructor(canvas, ring, size, onChange) {
    Object.assign(this, { canvas, ring, size, onChange });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.steps = [];
    this.erases = false;
    this.at = { x: 0, y: 0 };
    this.last = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.last = null; });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.showRing());
    size.addEventListener("input", () => this.showRing());
  }

  async open(width, height, address) {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.steps = [];
    this.at = { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    if (address) {
      const found = new Image();
      found.src = address;
      await found.decode();
      this.context.drawImage(found, 0, 0, this.canvas.width, this.canvas.height);
    }
    this.showRing();
  }

  radius() {
    return (this.size.value / 100) * 0.15 * Math.max(this.canvas.width, this.canvas.height);
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.keep();
    this.at = this.last = this.place(event);
    this.draw(this.at, this.at);
  }

  move(event) {
    this.at = this.place(event);
    if (this.last) {
      this.draw(this.last, this.at);
      this.last = this.at;
    }
    this.showRing();
  }

  key(event) {
    const step = event.shiftKey ? 10 : 2;
    const far = (step / 200) * Math.max(this.canvas.width, this.canvas.height);
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      this.at.x = Math.min(Math.max(this.at.x + way[0] * far, 0), this.canvas.width);
      this.at.y = Math.min(Math.max(this.at.y + way[1] * far, 0), this.canvas.height);
      this.showRing();
    } else if (event.key === " " || event.key === "Enter") {
      this.keep();
      this.draw(this.at, this.at);
    } else {
      return;
    }
    event.preventDefault();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
    };
  }

  draw(from, to) {
    const c = this.context;
    c.globalCompositeOperation = this.erases ? "destination-out" : "source-over";
    c.strokeStyle = "#f00";
    c.lineCap = c.lineJoin = "round";
    c.lineWidth = 2 * this.radius();
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.lineTo(to.x, to.y + 0.01);
    c.stroke();
    this.onChange();
  }

  keep() {
    this.steps.push(this.context.getImageData(0, 0, this.canvas.width, this.canvas.height));
    if (this.steps.length > 12) this.steps.shift();
  }

  undo() {
    const before = this.steps.pop();
    if (before) this.context.putImageData(before, 0, 0);
    this.onChange();
  }

  clear() {
    this.keep();
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.onChange();
  }

  showRing() {
    const box = this.canvas.getBoundingClientRect();
    const share = box.width / (this.canvas.width || 1);
    Object.assign(this.ring.style, {
      left: `${this.at.x * share}px`, top: `${this.at.y * share}px`,
      width: `${2 * this.radius() * share}px`, height: `${2 * this.radius() * share}px`,
    });
  }

  picture() {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }
}
