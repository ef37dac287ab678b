package io.onnxfleet.jobs.file;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What callers do with files. A file is there once its bytes and its row are; what was uploaded in
 * part leaves nothing. Thread-safe.
 */
public final class StoredFiles {
  private final FileRecords records;
  private final ObjectStore store;
  private final Quotas quotas;
  private final TransactionTemplate transactions;
  private final ListedIds ids;
  private final InstantSource clock;

  StoredFiles(
      FileRecords records,
      ObjectStore store,
      Quotas quotas,
      TransactionTemplate transactions,
      ListedIds ids,
      InstantSource clock) {
    this.records = records;
    this.store = store;
    this.quotas = quotas;
    this.transactions = transactions;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * Asks, before anything is written, whether an owner may add a file.
   *
   * @throws JobException if not
   */
  public void requireRoom(String owner) {
    quotas.know(owner);
    transactions.executeWithoutResult(transaction -> quotas.requireRoom(owner, 1));
  }

  /** Makes a file of what was written. Returns when it would survive. */
  public StoredFile add(String owner, String filename, ObjectWriter written) throws IOException {
    FilePart part = new FilePart(written.keep(), written.size());
    StoredFile file =
        new StoredFile(
            ids.next(StoredFile.PREFIX),
            owner,
            StoredFile.INPUT,
            filename,
            part.size(),
            clock.instant().getEpochSecond());
    try {
      transactions.executeWithoutResult(
          transaction -> {
            quotas.requireRoom(owner, part.size());
            records.add(file);
            records.addPart(file.id(), 0, part);
          });
    } catch (JobException refused) {
      store.delete(part.object());
      throw refused;
    }
    return file;
  }

  public StoredFile get(String id, WorkOwner viewer) {
    return records.find(id, viewer).orElseThrow(StoredFiles::unknown);
  }

  /** Deletes a file, its objects too. */
  public void delete(String id, WorkOwner viewer) {
    List<FilePart> parts =
        Objects.requireNonNull(
            transactions.execute(
                transaction -> {
                  StoredFile file = records.lock(id, viewer).orElseThrow(StoredFiles::unknown);
                  if (records.isRead(file.id())) {
                    throw new JobException(
                        ErrorCode.FILE_IN_USE,
                        "a batch that has not ended reads the file (expected: one that has)");
                  }
                  List<FilePart> objects = records.parts(file.id());
                  records.remove(file.id());
                  return objects;
                }));
    parts.forEach(part -> store.delete(part.object()));
  }

  /** Writes the content, object by object. */
  public void copy(StoredFile file, OutputStream target) throws IOException {
    for (FilePart part : records.parts(file.id())) {
      try (SeekableByteChannel source = store.open(part.object())) {
        Channels.newInputStream(source).transferTo(target);
      }
    }
  }

  /** What somebody is told who asks for a file that is not there, or not its own. */
  public static JobException unknown() {
    return new JobException(
        ErrorCode.FILE_NOT_FOUND, "no such file (expected: the id of one of yours)");
  }
}
