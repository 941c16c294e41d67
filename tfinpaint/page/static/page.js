"use strict";

const $ = (id) => document.getElementById(id);
const state = { photo: null, url: null, result: null, request: 0 };
const mask = new MaskEditor($("mask"), $("ring"), $("size"), () => { $("undo").disabled = !mask.steps.length; });

// ---- a photo comes in -------------------------------------------------------------------------------------------

$("choose").onclick = () => $("file").click();
$("file").onchange = () => { if ($("file").files.length) open($("file").files[0]); };
$("new").onclick = () => {
  $("file").value = "";
  say("");
  $("work").hidden = true;
  $("begin").hidden = false;
  $("choose").focus();
};
document.addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
document.addEventListener("dragleave", () => $("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
  if (file) open(file);
});

$("camera").onclick = async () => {
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } });
    $("shot").showModal();
  } catch {
    fail("There is no camera that this page may use.");
  }
};
$("take").onclick = () => {
  const still = document.createElement("canvas");
  still.width = $("video").videoWidth;
  still.height = $("video").videoHeight;
  still.getContext("2d").drawImage($("video"), 0, 0);
  $("shot").close();
  still.toBlob((blob) => open(new File([blob], "camera.png", { type: "image/png" })), "image/png");
};
$("stop").onclick = () => $("shot").close();
$("shot").onclose = () => {
  for (const track of $("video").srcObject?.getTracks() ?? []) track.stop();
};

async function open(file) {
  if (state.url) URL.revokeObjectURL(state.url);
  Object.assign(state, { photo: file, url: URL.createObjectURL(file), result: null });
  await Promise.all([showWaiting(), restore(false)]);
}

// The photo is seen while it is worked on, where the browser can show its kind.
async function showWaiting() {
  const request = state.request + 1;
  try {
    await picture($("before"), state.url);
  } catch {
    return;
  }
  if (request !== state.request || state.result) return;
  $("begin").hidden = true;
  $("work").hidden = false;
  view("wait");
}

// ---- the server paints ------------------------------------------------------------------------------------------

async function restore(drawn) {
  const request = ++state.request;
  const form = new FormData();
  form.append("photo", state.photo, state.photo.name || "photo.png");
  form.append("model", $("model").value);
  if (drawn) form.append("mask", await mask.picture(), "mask.png");
  fail("");
  say("Painting.");
  busy(true);
  try {
    const response = await fetch("restore", { method: "POST", body: form });
    const answer = await response.json();
    if (request !== state.request) return;
    if (!response.ok) throw new Error(answer.error);
    await show(answer, drawn);
  } catch (error) {
    if (request !== state.request) return;
    say("");
    fail(error instanceof TypeError ? "The server does not answer; is it still running?" : error.message);
    if (!state.result) await showAlone();
  } finally {
    if (request === state.request) busy(false);
  }
}

async function show(answer, drawn) {
  state.result = answer;
  await picture($("before"), answer.before ? answer.at + answer.before : state.url);
  await picture($("after"), answer.at + answer.shown);
  $("begin").hidden = true;
  $("work").hidden = false;
  $("download").href = answer.at + answer.picture;
  $("download").download = answer.name;
  $("download-mask").href = answer.at + answer.mask;
  $("download-mask").download = answer.name.replace(/\.[^.]*$/, "_mask.png");
  frame(answer);
  split(answer);
  if (!drawn) await mask.open(answer.width, answer.height, answer.at + answer.overlay);
  $("undo").disabled = !mask.steps.length;
  const faces = answer.faces.length === 1 ? "One face" : `${answer.faces.length} faces`;
  const saw = answer.saw && !drawn ? ` ${answer.saw}` : "";
  say(answer.painted > 0
    ? `${faces}; ${percent(answer.painted)} of the photo painted in ${answer.seconds} s.${saw}`
    : `${faces}; nothing is hidden there, so nothing was painted. Draw over what is, if there is something.`);
  view(answer.painted > 0 ? "compare" : "edit");
}

// A photo that was not restored can still be drawn on, where the browser can show it.
async function showAlone() {
  try {
    await picture($("before"), state.url);
  } catch {
    return;
  }
  const { naturalWidth: width, naturalHeight: height } = $("before");
  $("begin").hidden = true;
  $("work").hidden = false;
  $("boxes").replaceChildren();
  await mask.open(width, height, null);
  view("edit");
}

function picture(image, address) {
  image.src = address;
  return image.decode();
}

function percent(share) {
  return share < 0.001 ? "less than 0.1 %" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function frame(answer) {
  const boxes = $("boxes");
  boxes.setAttribute("viewBox", `0 0 ${answer.width} ${answer.height}`);
  boxes.replaceChildren(...answer.faces.map(([x, y, width, height]) => {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ x, y, width, height, rx: width / 20 })) box.setAttribute(name, value);
    return box;
  }));
}

// At first the line stands in the middle of the first face.
function split(answer) {
  const [x, , width] = answer.faces[0] ?? [0, 0, answer.width];
  $("slider").value = (100 * (x + width / 2)) / answer.width;
  $("slider").oninput();
}

// ---- what is shown ----------------------------------------------------------------------------------------------

function view(name) {
  for (const radio of document.getElementsByName("view")) {
    radio.checked = radio.value === name;
    radio.disabled = radio.value === "compare" && !state.result;
  }
  for (const id of ["mask", "ring", "tools", "boxes"]) $(id).toggleAttribute("hidden", name !== "edit");
  for (const id of ["after", "slider", "line"]) $(id).toggleAttribute("hidden", name !== "compare");
  $("views").hidden = name === "wait";
  for (const id of ["download", "download-mask"]) $(id).hidden = !state.result;
  if (name === "edit") mask.showRing();
}

function busy(on) {
  $("busy").hidden = !on;
  for (const id of ["again", "model", "choose", "camera"]) $(id).disabled = on;
}

function say(words) { $("said").textContent = words; }

function fail(words) {
  $("wrong").textContent = words;
  $("wrong").hidden = !words;
}

for (const radio of document.getElementsByName("view")) radio.onchange = () => view(radio.value);
for (const radio of document.getElementsByName("tool")) radio.onchange = () => { mask.erases = radio.value === "eraser"; };
$("slider").oninput = () => $("stage").style.setProperty("--split", `${$("slider").value}%`);
$("undo").onclick = () => mask.undo();
$("clear").onclick = () => mask.clear();
$("again").onclick = () => restore(true);
$("model").onchange = () => { if (state.photo && !$("work").hidden) restore(false); };
window.addEventListener("resize", () => mask.showRing());

fetch("about").then((response) => response.json()).then((about) => {
  $("version").textContent = `tfinpaint ${about.version}`;
  $("model").replaceChildren(...about.models.map(({ name, removes }) => new Option(`${removes} (${name})`, name)));
});
