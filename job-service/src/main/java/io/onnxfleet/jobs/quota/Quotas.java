package io.onnxfleet.jobs.quota;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.ObjectStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * How many batches that have not ended, and how many bytes of files and single requests, an owner
 * may have, and all owners together. What is asked for in the transaction that adds something holds
 * until its end: an owner's additions come one after the other, at whichever process. Thread-safe.
 */
@Component
public final class Quotas {
  private static final Logger LOGGER = LoggerFactory.getLogger(Quotas.class);

  /** Whose row stands for all owners; nobody is called so. */
  private static final String ALL = "";

  private final JdbcClient database;
  private final int mostOpenBatches;
  private final long mostOfAnOwner;
  private final long mostOfAll;

  /** With the bounds of these properties; a size of 0 is none. */
  public Quotas(JdbcClient database, JobsProperties properties) {
    this.database = database;
    this.mostOpenBatches = properties.maxOpenBatches();
    this.mostOfAnOwner = properties.maxOwnerSize().toBytes();
    this.mostOfAll = properties.maxStoreSize().toBytes();
  }

  /** Prepares for an owner's additions. Not within a transaction, which it might end. */
  public void know(String owner) {
    for (String name : new String[] {owner, ALL}) {
      try {
        database
            .sql(
                "insert into job_owner (owner) select cast(:owner as varchar(300))"
                    + " where not exists (select 1 from job_owner where owner = :owner)")
            .param("owner", name)
            .update();
      } catch (DuplicateKeyException known) {
        LOGGER.debug("somebody else has just said so", known);
      }
    }
  }

  /**
   * Asks for a batch.
   *
   * @throws JobException if the owner has enough
   */
  public void requireBatch(String owner) {
    lock(owner);
    long open =
        database
            .sql(
                "select count(*) from batch"
                    + " where owner = ? and status in ('validating', 'in_progress')")
            .param(owner)
            .query(Long.class)
            .single();
    if (open >= mostOpenBatches) {
      throw new JobException(
          ErrorCode.QUOTA_EXCEEDED,
          "%d of your batches have not ended (expected: < %d, to add one)"
              .formatted(open, mostOpenBatches));
    }
  }

  /**
   * Asks for room for a file, or a single request.
   *
   * @param bytes that are added
   * @throws JobException if the owner has enough, or the store has
   */
  public void requireRoom(String owner, long bytes) {
    if (mostOfAnOwner > 0) {
      lock(owner);
      long kept = sizeOf(owner);
      if (bytes > mostOfAnOwner - kept) {
        throw new JobException(
            ErrorCode.QUOTA_EXCEEDED,
            "you keep %d bytes, and %d more are too many (expected: <= %d; delete some files)"
                .formatted(kept, bytes, mostOfAnOwner));
      }
    }
    if (mostOfAll > 0) {
      lock(ALL);
      long kept = sizeOfAll();
      if (bytes > mostOfAll - kept) {
        throw ObjectStore.full(
            "%d bytes are kept, and %d more are too many (expected: <= %d)"
                .formatted(kept, bytes, mostOfAll));
      }
    }
  }

  /**
   * Counts what a single request takes, or gives back: its body goes when it ends, its answer when
   * it is removed. In the transaction that does so.
   */
  public void countRequest(String owner, long bytes) {
    database
        .sql("update job_owner set job_bytes = job_bytes + ? where owner = ?")
        .params(bytes, owner)
        .update();
  }

  private long sizeOf(String owner) {
    return database
        .sql(
            """
            select (select coalesce(sum(size), 0) from stored_file where owner = :owner)
              + (select coalesce(sum(job_bytes), 0) from job_owner where owner = :owner)
            """)
        .param("owner", owner)
        .query(Long.class)
        .single();
  }

  /** Bytes of all files and single requests. */
  public long sizeOfAll() {
    return database
        .sql(
            """
            select (select coalesce(sum(size), 0) from stored_file)
              + (select coalesce(sum(job_bytes), 0) from job_owner)
            """)
        .query(Long.class)
        .single();
  }

  /** Nobody else adds something of that owner before the transaction ends. */
  public void lock(String owner) {
    database
        .sql("select owner from job_owner where owner = ? for update")
        .param(owner)
        .query(String.class)
        .optional();
  }
}
