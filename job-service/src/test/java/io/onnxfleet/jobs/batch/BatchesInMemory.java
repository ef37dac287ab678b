package io.onnxfleet.jobs.batch;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.file.FilePart;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.file.ListedIds;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.springframework.jdbc.core.JdbcTemplate;

/** Batches on a database in memory, whose slices nobody works on by themselves. */
public final class BatchesInMemory {
  private static final String ENDPOINT = "/v1/embeddings";
  private static final int LONGEST = 1 << 20;

  private final ListedIds ids = new ListedIds(new Names(), InstantSource.system());
  private final ObjectStore store;
  private final FileRecords files;
  private final Batches batches;

  /** With their inputs in this store. */
  public BatchesInMemory(ObjectStore store) {
    MemoryDatabase database = MemoryDatabase.make();
    this.store = store;
    this.files = new FileRecords(database.client());
    this.batches =
        new Batches(
            new BatchRecords(database.client(), ended -> {}),
            new SliceRecords(database.client(), new JdbcTemplate(database.source())),
            files,
            new Quotas(database.client(), MemoryDatabase.properties(Map.of())),
            new BatchSchedule() {
              @Override
              public void validate(String batchId) {}

              @Override
              public void work(String batchId, int slice) {}
            },
            (type, subject, owner) -> {},
            database.transactions(),
            ids,
            InstantSource.system(),
            4);
  }

  public Batches batches() {
    return batches;
  }

  /** The id of a new batch. */
  public String add(String owner, byte[] input) throws IOException {
    String object;
    try (ObjectWriter writer = store.create()) {
      writer.write(input);
      object = writer.keep();
    }
    String file = ids.next(StoredFile.PREFIX);
    files.add(new StoredFile(file, owner, StoredFile.INPUT, "a", input.length, 1));
    files.addPart(file, 0, new FilePart(object, input.length));
    BatchRequest request =
        new BatchRequest(file, ENDPOINT, "24h", Duration.ofHours(24), /* metadata= */ null);
    return batches.create(WorkOwner.named(owner), "", request).id();
  }

  /** The id of a new batch whose input was judged. */
  public String begin(String owner, byte[] input, int linesOfASlice) throws IOException {
    String id = add(owner, input);
    String object = batches.find(id).orElseThrow().inputObject();
    batches.validated(
        id,
        new InputCheck(1000, LONGEST, linesOfASlice, 4 * LONGEST)
            .check(store.open(object), input.length, ENDPOINT, () -> false));
    return id;
  }

  /** What a file has. */
  public String content(String file) throws IOException {
    StringBuilder content = new StringBuilder();
    for (FilePart part : files.parts(file)) {
      try (SeekableByteChannel channel = store.open(part.object())) {
        content.append(
            new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return content.toString();
  }
}
