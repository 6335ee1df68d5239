// Reads signed mp4 files with c2pa-ts, an implementation of C2PA that shares no code with the one
// that signs. Copy this file into an empty folder and run there:
//
//   npm install --ignore-scripts @trustnxt/c2pa-ts
//   node second_reader.mjs FILE...
import { readFile } from "node:fs/promises";
import { BMFF } from "@trustnxt/c2pa-ts/asset";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore } from "@trustnxt/c2pa-ts/manifest";

BMFF.canReadBrands.add("isom"); // mp4 has the boxes of HEIC, which is all that it expects

for (const file of process.argv.slice(2)) {
  const content = new Uint8Array(await readFile(file));
  const asset = new BMFF(content);
  const jumbf = asset.getManifestJUMBF();
  if (!jumbf) {
    console.log(`${file}: no manifest`);
    continue;
  }
  const result = await ManifestStore.read(SuperBox.fromBuffer(jumbf)).validate(asset);
  const failed = result.statusEntries.filter((entry) => entry.success === false);
  const codes = failed.map((entry) => entry.code).join(", ");
  console.log(`${file}: ${result.isValid ? "valid" : "NOT valid"}${codes ? ` (${codes})` : ""}`);
}
