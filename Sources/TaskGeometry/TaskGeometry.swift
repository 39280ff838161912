// TaskGeometry
