package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.file.Page;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.file.StoredFiles;
import io.onnxfleet.jobs.inside.Owners;
import io.onnxfleet.jobs.store.ObjectStore;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's files. */
@RestController
class FilesController {
  private static final int MOST_LISTED = 10_000;

  private final StoredFiles files;
  private final FileRecords records;
  private final ObjectStore store;
  private final long mostBytes;

  FilesController(
      StoredFiles files, FileRecords records, ObjectStore store, JobsProperties properties) {
    this.files = files;
    this.records = records;
    this.store = store;
    this.mostBytes = properties.maxFileSize().toBytes();
  }

  @PostMapping(ApiPaths.FILES)
  ResponseEntity<ObjectNode> create(HttpServletRequest request) throws IOException {
    Owners owners = Owners.of(request);
    files.requireRoom(owners.owner().name());
    try (Upload upload = Upload.read(request, store, mostBytes)) {
      StoredFile file = files.add(owners.owner().name(), upload.filename(), upload.written());
      ResponseEntity.BodyBuilder answer = JsonAnswer.ok();
      if (!upload.ignored().isEmpty()) {
        answer.header(HeaderNames.IGNORED, Ignored.written(upload.ignored()));
      }
      return answer.body(Shapes.file(file));
    }
  }

  @GetMapping(ApiPaths.FILES)
  ResponseEntity<ObjectNode> list(
      HttpServletRequest request,
      @RequestParam(required = false) @Nullable String purpose,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit,
      @RequestParam(required = false) @Nullable String order) {
    Page page =
        ListQuery.page(
            viewer(request), after, limit, MOST_LISTED, MOST_LISTED, ListQuery.isAscending(order));
    return JsonAnswer.ok()
        .body(Shapes.list(records.list(page, purpose), page.limit(), Shapes::file, StoredFile::id));
  }

  @GetMapping(ApiPaths.FILE)
  ResponseEntity<ObjectNode> get(HttpServletRequest request, @PathVariable String id) {
    return JsonAnswer.ok().body(Shapes.file(files.get(id, viewer(request))));
  }

  @DeleteMapping(ApiPaths.FILE)
  ResponseEntity<ObjectNode> delete(HttpServletRequest request, @PathVariable String id) {
    files.delete(id, viewer(request));
    return JsonAnswer.ok().body(Shapes.deletedFile(id));
  }

  @GetMapping(ApiPaths.FILE_CONTENT)
  void content(HttpServletRequest request, HttpServletResponse response, @PathVariable String id)
      throws IOException {
    StoredFile file = files.get(id, viewer(request));
    response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
    // No browser is to take it for a page.
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader(HttpHeaders.CONTENT_DISPOSITION, "attachment");
    response.setContentLengthLong(file.size());
    files.copy(file, response.getOutputStream());
  }

  private static WorkOwner viewer(HttpServletRequest request) {
    return Owners.of(request).owner();
  }
}
