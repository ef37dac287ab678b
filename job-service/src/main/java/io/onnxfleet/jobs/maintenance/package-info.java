/**
 * What is done beside the lines: {@link io.onnxfleet.jobs.maintenance.MaintenanceScheduler} has
 * threads of its own for it.
 */
@NullMarked
package io.onnxfleet.jobs.maintenance;

import org.jspecify.annotations.NullMarked;
